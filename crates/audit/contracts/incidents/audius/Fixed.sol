// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @dev A plain ERC-20: transfers revert when they cannot be made.
abstract contract ERC20 {
    string public name;
    string public symbol;
    uint8 public constant decimals = 18;
    uint256 public totalSupply;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    event Transfer(address indexed from, address indexed to, uint256 amount);
    event Approval(address indexed owner, address indexed spender, uint256 amount);

    constructor(string memory name_, string memory symbol_) {
        name = name_;
        symbol = symbol_;
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        emit Approval(msg.sender, spender, amount);
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        _move(msg.sender, to, amount);
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        uint256 allowed = allowance[from][msg.sender];
        if (allowed != type(uint256).max) allowance[from][msg.sender] = allowed - amount;
        _move(from, to, amount);
        return true;
    }

    function _move(address from, address to, uint256 amount) internal virtual {
        require(to != address(0), "no receiver");
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
        emit Transfer(from, to, amount);
    }

    function _mint(address to, uint256 amount) internal virtual {
        require(to != address(0), "no receiver");
        totalSupply += amount;
        balanceOf[to] += amount;
        emit Transfer(address(0), to, amount);
    }

    function _burn(address from, uint256 amount) internal virtual {
        balanceOf[from] -= amount;
        totalSupply -= amount;
        emit Transfer(from, address(0), amount);
    }
}

contract Audio is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Audius", "AUDIO") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

/// @notice Lets `initialize` run once.
abstract contract Initializable {
    bool private initialized;
    bool private initializing;
    uint256[50] private reserved;

    modifier initializer() {
        require(initializing || !initialized, "initialised");
        bool outermost = !initializing;
        if (outermost) {
            initializing = true;
            initialized = true;
        }
        _;
        if (outermost) initializing = false;
    }

    function _lock() internal initializer {}
}

/// @notice Tokens at stake, which vote.
contract Staking is Initializable {
    uint256 public constant COOLDOWN = 10 days;
    Audio public token;
    uint256 public totalStaked;
    mapping(address => uint256) public stakeOf;
    mapping(address => uint256) public leaving;
    mapping(address => uint256) public leavesAt;

    constructor() {
        _lock();
    }

    function initialize(Audio token_) external initializer {
        token = token_;
    }

    function stake(uint256 amount) external {
        stakeOf[msg.sender] += amount;
        totalStaked += amount;
        require(token.transferFrom(msg.sender, address(this), amount), "not paid");
    }

    function requestUnstake(uint256 amount) external {
        stakeOf[msg.sender] -= amount;
        totalStaked -= amount;
        leaving[msg.sender] += amount;
        leavesAt[msg.sender] = block.timestamp + COOLDOWN;
    }

    function unstake() external {
        require(block.timestamp >= leavesAt[msg.sender], "too early");
        uint256 amount = leaving[msg.sender];
        leaving[msg.sender] = 0;
        require(token.transfer(msg.sender, amount), "not paid");
    }
}

/// @notice Stake votes on calls; the guardian may stop them, or make one.
contract Governance is Initializable {
    struct Proposal {
        address target;
        bytes data;
        uint256 start;
        uint256 yes;
        uint256 no;
        bool closed;
    }

    Staking public staking;
    uint256 public votingPeriod;
    uint256 public executionDelay;
    uint256 public votingQuorumPercent;
    address public guardian;
    Proposal[] public proposals;
    mapping(uint256 => mapping(address => bool)) public voted;

    constructor() {
        _lock();
    }

    function initialize(Staking staking_, uint256 period, uint256 delay, uint256 quorum, address guardian_)
        external
        initializer
    {
        require(period > 0 && quorum > 0 && quorum <= 100, "refused");
        staking = staking_;
        votingPeriod = period;
        executionDelay = delay;
        votingQuorumPercent = quorum;
        guardian = guardian_;
    }

    function submitProposal(address target, bytes calldata data) external returns (uint256 id) {
        require(staking.stakeOf(msg.sender) > 0, "no stake");
        id = proposals.length;
        proposals.push();
        proposals[id].target = target;
        proposals[id].data = data;
        proposals[id].start = block.timestamp;
    }

    function submitVote(uint256 id, bool support) external {
        Proposal storage proposal = proposals[id];
        require(block.timestamp < proposal.start + votingPeriod, "over");
        require(!voted[id][msg.sender], "voted");
        voted[id][msg.sender] = true;
        if (support) proposal.yes += staking.stakeOf(msg.sender);
        else proposal.no += staking.stakeOf(msg.sender);
    }

    function evaluateProposalOutcome(uint256 id) external {
        Proposal storage proposal = proposals[id];
        require(!proposal.closed, "closed");
        require(block.timestamp >= proposal.start + votingPeriod + executionDelay, "too early");
        proposal.closed = true;
        bool quorum = (proposal.yes + proposal.no) * 100 >= staking.totalStaked() * votingQuorumPercent;
        if (!quorum || proposal.yes <= proposal.no) return;
        (bool done,) = proposal.target.call(proposal.data);
        require(done, "failed");
    }

    function vetoProposal(uint256 id) external {
        require(msg.sender == guardian, "not the guardian");
        proposals[id].closed = true;
    }

    function guardianExecuteTransaction(address target, bytes calldata data) external {
        require(msg.sender == guardian, "not the guardian");
        (bool done,) = target.call(data);
        require(done, "failed");
    }
}

/// @title A contract whose code can be replaced, after Audius
/// @notice Admin and code lie in slots that no other contract uses (EIP-1967).
abstract contract UpgradeableProxy {
    bytes32 private constant ADMIN = bytes32(uint256(keccak256("eip1967.proxy.admin")) - 1);
    bytes32 private constant CODE = bytes32(uint256(keccak256("eip1967.proxy.implementation")) - 1);

    constructor(address code, address admin, bytes memory data) {
        _setCode(code);
        (bool done,) = code.delegatecall(data);
        require(done, "not initialised");
        bytes32 slot = ADMIN;
        assembly {
            sstore(slot, admin)
        }
    }

    function upgradeTo(address code) external {
        bytes32 slot = ADMIN;
        address admin;
        assembly {
            admin := sload(slot)
        }
        require(msg.sender == admin, "not the admin");
        _setCode(code);
    }

    function _setCode(address code) private {
        require(code.code.length > 0, "no contract");
        bytes32 slot = CODE;
        assembly {
            sstore(slot, code)
        }
    }

    fallback() external {
        bytes32 slot = CODE;
        assembly {
            calldatacopy(0, 0, calldatasize())
            let done := delegatecall(gas(), sload(slot), 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            switch done
            case 0 { revert(0, returndatasize()) }
            default { return(0, returndatasize()) }
        }
    }
}

contract StakingProxy is UpgradeableProxy {
    constructor(address code, address admin, Audio token)
        UpgradeableProxy(code, admin, abi.encodeCall(Staking.initialize, (token)))
    {}
}

contract GovernanceProxy is UpgradeableProxy {
    constructor(address code, address admin, Staking staking, address guardian)
        UpgradeableProxy(
            code,
            admin,
            abi.encodeCall(Governance.initialize, (staking, 3 days, 1 days, 10, guardian))
        )
    {}
}
