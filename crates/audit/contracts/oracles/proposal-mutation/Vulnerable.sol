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

/// @dev Every holder votes with the balance of a past block.
abstract contract Votes is ERC20 {
    struct Checkpoint {
        uint64 at;
        uint192 value;
    }

    mapping(address => Checkpoint[]) private balances;
    Checkpoint[] private supplies;

    function getPastVotes(address account, uint256 at) external view returns (uint256) {
        return _past(balances[account], at);
    }

    function getPastTotalSupply(uint256 at) external view returns (uint256) {
        return _past(supplies, at);
    }

    function _move(address from, address to, uint256 amount) internal override {
        super._move(from, to, amount);
        _write(balances[from], balanceOf[from]);
        _write(balances[to], balanceOf[to]);
    }

    function _mint(address to, uint256 amount) internal override {
        super._mint(to, amount);
        _write(balances[to], balanceOf[to]);
        _write(supplies, totalSupply);
    }

    function _write(Checkpoint[] storage history, uint256 value) private {
        require(value <= type(uint192).max, "too much");
        uint256 length = history.length;
        if (length > 0 && history[length - 1].at == block.number) history[length - 1].value = uint192(value);
        else history.push(Checkpoint(uint64(block.number), uint192(value)));
    }

    function _past(Checkpoint[] storage history, uint256 at) private view returns (uint256) {
        require(at < block.number, "not yet past");
        uint256 low = 0;
        uint256 high = history.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (history[middle].at > at) high = middle;
            else low = middle + 1;
        }
        return low == 0 ? 0 : history[low - 1].value;
    }
}

contract Yew is Votes {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Yew", "YEW") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

/// @notice Payments that their authors write, and may improve.
contract Drafts {
    struct Draft {
        address author;
        address to;
        uint256 amount;
    }

    Draft[] private drafts;

    function write(address to, uint256 amount) external returns (uint256 id) {
        id = drafts.length;
        drafts.push(Draft(msg.sender, to, amount));
    }

    function improve(uint256 id, address to, uint256 amount) external {
        require(msg.sender == drafts[id].author, "not the author");
        (drafts[id].to, drafts[id].amount) = (to, amount);
    }

    function read(uint256 id) external view returns (address to, uint256 amount) {
        return (drafts[id].to, drafts[id].amount);
    }
}

/// @notice Votes on drafts, and pays them.
contract Chamber {
    struct Proposal {
        uint256 draft;
        address to;
        uint256 amount;
        uint256 snapshot;
        uint256 end;
        uint256 yes;
        uint256 no;
        bool closed;
    }

    uint256 public constant PERIOD = 3 days;
    Yew public immutable token;
    Drafts public immutable drafts;
    Proposal[] public proposals;
    mapping(uint256 => mapping(address => bool)) public voted;

    constructor(Yew token_, Drafts drafts_) payable {
        token = token_;
        drafts = drafts_;
    }

    receive() external payable {}

    function propose(uint256 draft) external returns (uint256 id) {
        (address to, uint256 amount) = drafts.read(draft);
        id = proposals.length;
        proposals.push(Proposal(draft, to, amount, block.number - 1, block.timestamp + PERIOD, 0, 0, false));
    }

    function vote(uint256 id, bool support) external {
        Proposal storage proposal = proposals[id];
        require(block.timestamp < proposal.end && !voted[id][msg.sender], "refused");
        voted[id][msg.sender] = true;
        uint256 votes = token.getPastVotes(msg.sender, proposal.snapshot);
        if (support) proposal.yes += votes;
        else proposal.no += votes;
    }

    function execute(uint256 id) external {
        Proposal storage proposal = proposals[id];
        require(block.timestamp >= proposal.end && !proposal.closed, "not now");
        uint256 supply = token.getPastTotalSupply(proposal.snapshot);
        require(proposal.yes > proposal.no && proposal.yes * 100 >= supply * 30, "not passed");
        proposal.closed = true;
        (address to, uint256 amount) = drafts.read(proposal.draft);
        (bool paid,) = to.call{value: amount}("");
        require(paid, "not paid");
    }
}
