// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.24;

/// A token whose votes are delegated, with the interface of Compound's.
contract Votes {
    struct Checkpoint {
        uint32 fromBlock;
        uint96 votes;
    }

    address public immutable owner = msg.sender;
    uint256 public totalSupply;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;
    mapping(address => address) public delegates;
    mapping(address => Checkpoint[]) public checkpoints;

    event Transfer(address indexed from, address indexed to, uint256 amount);
    event Approval(address indexed owner, address indexed spender, uint256 amount);
    event DelegateChanged(address indexed delegator, address indexed fromDelegate, address indexed toDelegate);

    constructor(address[] memory holders, uint256[] memory amounts) {
        for (uint256 i; i < holders.length; i++) _move(address(0), holders[i], amounts[i]);
    }

    function mint(address to, uint256 amount) external {
        require(msg.sender == owner, "not the owner");
        _move(address(0), to, amount);
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        _move(msg.sender, to, amount);
        return true;
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        emit Approval(msg.sender, spender, amount);
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        allowance[from][msg.sender] -= amount;
        _move(from, to, amount);
        return true;
    }

    function delegate(address to) external {
        address before = delegates[msg.sender];
        delegates[msg.sender] = to;
        emit DelegateChanged(msg.sender, before, to);
        _moveVotes(before, to, balanceOf[msg.sender]);
    }

    function getCurrentVotes(address account) external view returns (uint96) {
        uint256 count = checkpoints[account].length;
        return count == 0 ? 0 : checkpoints[account][count - 1].votes;
    }

    function getPriorVotes(address account, uint256 blockNumber) external view returns (uint96) {
        require(blockNumber < block.number, "not yet determined");
        Checkpoint[] storage own = checkpoints[account];
        uint256 low = 0;
        uint256 high = own.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (own[middle].fromBlock > blockNumber) high = middle;
            else low = middle + 1;
        }
        return low == 0 ? 0 : own[low - 1].votes;
    }

    function _move(address from, address to, uint256 amount) internal {
        require(to != address(0), "nobody");
        if (from == address(0)) {
            totalSupply += amount;
            require(totalSupply <= type(uint96).max, "too many");
        } else {
            balanceOf[from] -= amount;
        }
        balanceOf[to] += amount;
        emit Transfer(from, to, amount);
        _moveVotes(delegates[from], delegates[to], amount);
    }

    function _moveVotes(address from, address to, uint256 amount) internal {
        if (from == to || amount == 0) return;
        if (from != address(0)) _write(from, _votes(from) - uint96(amount));
        if (to != address(0)) _write(to, _votes(to) + uint96(amount));
    }

    function _votes(address account) internal view returns (uint96) {
        uint256 count = checkpoints[account].length;
        return count == 0 ? 0 : checkpoints[account][count - 1].votes;
    }

    function _write(address account, uint96 votes) internal {
        Checkpoint[] storage own = checkpoints[account];
        if (own.length > 0 && own[own.length - 1].fromBlock == block.number) own[own.length - 1].votes = votes;
        else own.push(Checkpoint(uint32(block.number), votes));
    }
}

/// What waits before it is carried out, with the interface of Compound's timelock.
contract CompoundTimelock {
    uint256 public constant GRACE_PERIOD = 14 days;
    address public admin = msg.sender;
    uint256 public immutable delay;
    mapping(bytes32 => bool) public queuedTransactions;

    constructor(uint256 delay_) payable {
        delay = delay_;
    }

    receive() external payable {}

    function setAdmin(address next) external {
        require(msg.sender == admin || msg.sender == address(this), "not the admin");
        admin = next;
    }

    function queueTransaction(address target, uint256 value, string memory signature, bytes memory data, uint256 eta)
        external
        returns (bytes32 id)
    {
        require(msg.sender == admin, "not the admin");
        require(eta >= block.timestamp + delay, "before the delay");
        id = keccak256(abi.encode(target, value, signature, data, eta));
        queuedTransactions[id] = true;
    }

    function cancelTransaction(address target, uint256 value, string memory signature, bytes memory data, uint256 eta)
        external
    {
        require(msg.sender == admin, "not the admin");
        queuedTransactions[keccak256(abi.encode(target, value, signature, data, eta))] = false;
    }

    function executeTransaction(address target, uint256 value, string memory signature, bytes memory data, uint256 eta)
        external
        payable
        returns (bytes memory)
    {
        require(msg.sender == admin, "not the admin");
        bytes32 id = keccak256(abi.encode(target, value, signature, data, eta));
        require(queuedTransactions[id], "not queued");
        require(block.timestamp >= eta, "too early");
        require(block.timestamp <= eta + GRACE_PERIOD, "too late");
        queuedTransactions[id] = false;
        bytes memory input = bytes(signature).length == 0
            ? data
            : abi.encodePacked(bytes4(keccak256(bytes(signature))), data);
        (bool done, bytes memory answer) = target.call{value: value}(input);
        require(done, "the call failed");
        return answer;
    }
}

/// What Compound's two governors share.
abstract contract CompoundGovernor {
    enum ProposalState {
        Pending,
        Active,
        Canceled,
        Defeated,
        Succeeded,
        Queued,
        Expired,
        Executed
    }

    struct Receipt {
        bool hasVoted;
        uint8 support;
        uint96 votes;
    }

    struct Actions {
        address[] targets;
        uint256[] values;
        string[] signatures;
        bytes[] calldatas;
    }

    CompoundTimelock public immutable timelock;
    uint256 public immutable votingDelay;
    uint256 public immutable votingPeriod;
    uint256 public immutable proposalThreshold;
    uint256 public immutable quorumVotes;
    uint256 public proposalCount;
    mapping(address => uint256) public latestProposalIds;
    mapping(uint256 => Actions) internal actions;
    mapping(uint256 => mapping(address => Receipt)) internal receipts;

    event ProposalCreated(
        uint256 id,
        address proposer,
        address[] targets,
        uint256[] values,
        string[] signatures,
        bytes[] calldatas,
        uint256 startBlock,
        uint256 endBlock,
        string description
    );
    event ProposalCanceled(uint256 id);
    event ProposalQueued(uint256 id, uint256 eta);
    event ProposalExecuted(uint256 id);

    struct Life {
        uint256 id;
        address proposer;
        uint256 eta;
        uint256 startBlock;
        uint256 endBlock;
        uint256 forVotes;
        uint256 againstVotes;
        uint256 abstainVotes;
        bool canceled;
        bool executed;
    }

    mapping(uint256 => Life) internal lives;
    Votes internal immutable votes;

    constructor(Votes votes_, CompoundTimelock timelock_, uint256 delay, uint256 period, uint256 threshold, uint256 quorum) {
        votes = votes_;
        timelock = timelock_;
        votingDelay = delay;
        votingPeriod = period;
        proposalThreshold = threshold;
        quorumVotes = quorum;
    }

    function propose(
        address[] memory targets,
        uint256[] memory values,
        string[] memory signatures,
        bytes[] memory calldatas,
        string memory description
    ) public returns (uint256 id) {
        require(votes.getPriorVotes(msg.sender, block.number - 1) > proposalThreshold, "below the threshold");
        require(
            targets.length == values.length && targets.length == signatures.length && targets.length == calldatas.length,
            "lengths differ"
        );
        require(targets.length > 0 && targets.length <= 10, "no actions or too many");
        uint256 latest = latestProposalIds[msg.sender];
        if (latest != 0) {
            ProposalState now_ = state(latest);
            require(now_ != ProposalState.Active && now_ != ProposalState.Pending, "one at a time");
        }
        id = ++proposalCount;
        Life storage life = lives[id];
        life.id = id;
        life.proposer = msg.sender;
        life.startBlock = block.number + votingDelay;
        life.endBlock = life.startBlock + votingPeriod;
        actions[id] = Actions(targets, values, signatures, calldatas);
        latestProposalIds[msg.sender] = id;
        emit ProposalCreated(
            id, msg.sender, targets, values, signatures, calldatas, life.startBlock, life.endBlock, description
        );
    }

    function state(uint256 id) public view returns (ProposalState) {
        require(id > 0 && id <= proposalCount, "no such proposal");
        Life storage life = lives[id];
        if (life.canceled) return ProposalState.Canceled;
        if (block.number <= life.startBlock) return ProposalState.Pending;
        if (block.number <= life.endBlock) return ProposalState.Active;
        if (life.forVotes <= life.againstVotes || life.forVotes < quorumVotes) return ProposalState.Defeated;
        if (life.eta == 0) return ProposalState.Succeeded;
        if (life.executed) return ProposalState.Executed;
        if (block.timestamp >= life.eta + timelock.GRACE_PERIOD()) return ProposalState.Expired;
        return ProposalState.Queued;
    }

    function queue(uint256 id) external {
        require(state(id) == ProposalState.Succeeded, "not won");
        uint256 eta = block.timestamp + timelock.delay();
        Actions storage all = actions[id];
        for (uint256 i; i < all.targets.length; i++) {
            bytes32 hash = keccak256(abi.encode(all.targets[i], all.values[i], all.signatures[i], all.calldatas[i], eta));
            require(!timelock.queuedTransactions(hash), "queued already");
            timelock.queueTransaction(all.targets[i], all.values[i], all.signatures[i], all.calldatas[i], eta);
        }
        lives[id].eta = eta;
        emit ProposalQueued(id, eta);
    }

    function execute(uint256 id) external payable {
        require(state(id) == ProposalState.Queued, "not queued");
        Life storage life = lives[id];
        life.executed = true;
        Actions storage all = actions[id];
        for (uint256 i; i < all.targets.length; i++) {
            timelock.executeTransaction{value: all.values[i]}(
                all.targets[i], all.values[i], all.signatures[i], all.calldatas[i], life.eta
            );
        }
        emit ProposalExecuted(id);
    }

    function cancel(uint256 id) external {
        require(state(id) != ProposalState.Executed, "executed");
        Life storage life = lives[id];
        bool below = votes.getPriorVotes(life.proposer, block.number - 1) < proposalThreshold;
        require(below || mayCancel(life.proposer), "not the caller to");
        life.canceled = true;
        Actions storage all = actions[id];
        for (uint256 i; i < all.targets.length; i++) {
            timelock.cancelTransaction(all.targets[i], all.values[i], all.signatures[i], all.calldatas[i], life.eta);
        }
        emit ProposalCanceled(id);
    }

    function getActions(uint256 id)
        external
        view
        returns (address[] memory targets, uint256[] memory values, string[] memory signatures, bytes[] memory calldatas)
    {
        Actions storage all = actions[id];
        return (all.targets, all.values, all.signatures, all.calldatas);
    }

    function mayCancel(address proposer) internal view virtual returns (bool);

    function count(uint256 id, uint8 support) internal returns (uint96 power) {
        require(state(id) == ProposalState.Active, "voting is closed");
        Receipt storage receipt = receipts[id][msg.sender];
        require(!receipt.hasVoted, "voted already");
        Life storage life = lives[id];
        power = votes.getPriorVotes(msg.sender, life.startBlock);
        if (support == 0) life.againstVotes += power;
        else if (support == 1) life.forVotes += power;
        else life.abstainVotes += power;
        receipts[id][msg.sender] = Receipt(true, support, power);
    }
}

/// A governor with the interface and the rules of Compound's Governor Bravo.
contract GovernorBravo is CompoundGovernor {
    event VoteCast(address indexed voter, uint256 proposalId, uint8 support, uint256 votes, string reason);

    constructor(Votes votes_, CompoundTimelock timelock_, uint256 delay, uint256 period, uint256 threshold, uint256 quorum)
        CompoundGovernor(votes_, timelock_, delay, period, threshold, quorum)
    {}

    function comp() external view returns (Votes) {
        return votes;
    }

    function proposals(uint256 id)
        external
        view
        returns (
            uint256 id_,
            address proposer,
            uint256 eta,
            uint256 startBlock,
            uint256 endBlock,
            uint256 forVotes,
            uint256 againstVotes,
            uint256 abstainVotes,
            bool canceled,
            bool executed
        )
    {
        Life storage life = lives[id];
        (id_, proposer, eta) = (life.id, life.proposer, life.eta);
        (startBlock, endBlock) = (life.startBlock, life.endBlock);
        (forVotes, againstVotes, abstainVotes) = (life.forVotes, life.againstVotes, life.abstainVotes);
        (canceled, executed) = (life.canceled, life.executed);
    }

    function getReceipt(uint256 id, address voter) external view returns (Receipt memory) {
        return receipts[id][voter];
    }

    function castVote(uint256 id, uint8 support) external {
        require(support <= 2, "no such answer");
        emit VoteCast(msg.sender, id, support, count(id, support), "");
    }

    function castVoteWithReason(uint256 id, uint8 support, string calldata reason) external {
        require(support <= 2, "no such answer");
        emit VoteCast(msg.sender, id, support, count(id, support), reason);
    }

    function mayCancel(address proposer) internal view override returns (bool) {
        return msg.sender == proposer;
    }
}

/// A governor with the interface and the rules of Compound's Governor Alpha.
contract GovernorAlpha is CompoundGovernor {
    address public guardian;

    event VoteCast(address voter, uint256 proposalId, bool support, uint256 votes);

    constructor(
        Votes votes_,
        CompoundTimelock timelock_,
        address guardian_,
        uint256 delay,
        uint256 period,
        uint256 threshold,
        uint256 quorum
    ) CompoundGovernor(votes_, timelock_, delay, period, threshold, quorum) {
        guardian = guardian_;
    }

    function comp() external view returns (Votes) {
        return votes;
    }

    function proposals(uint256 id)
        external
        view
        returns (
            uint256 id_,
            address proposer,
            uint256 eta,
            uint256 startBlock,
            uint256 endBlock,
            uint256 forVotes,
            uint256 againstVotes,
            bool canceled,
            bool executed
        )
    {
        Life storage life = lives[id];
        (id_, proposer, eta) = (life.id, life.proposer, life.eta);
        (startBlock, endBlock) = (life.startBlock, life.endBlock);
        (forVotes, againstVotes) = (life.forVotes, life.againstVotes);
        (canceled, executed) = (life.canceled, life.executed);
    }

    function getReceipt(uint256 id, address voter) external view returns (bool hasVoted, bool support, uint96 votes_) {
        Receipt storage receipt = receipts[id][voter];
        return (receipt.hasVoted, receipt.support == 1, receipt.votes);
    }

    function castVote(uint256 id, bool support) external {
        emit VoteCast(msg.sender, id, support, count(id, support ? 1 : 0));
    }

    function mayCancel(address) internal view override returns (bool) {
        return msg.sender == guardian;
    }
}
