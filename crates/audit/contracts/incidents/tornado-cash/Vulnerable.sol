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

contract Torn is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Tornado Cash", "TORN") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

interface IProposal {
    function executeProposal() external;
}

/// @title Locked tokens vote on contracts to run, after Tornado Cash
/// @notice What runs is what stands at the proposal's address when it runs (Tornado Cash, 20 May 2023).
contract Governance {
    struct Proposal {
        address target;
        bytes32 code;
        uint256 start;
        uint256 yes;
        uint256 no;
        bool closed;
    }

    uint256 public constant VOTING_PERIOD = 3 days;
    uint256 public constant DELAY = 2 days;
    uint256 public constant QUORUM = 25_000e18;
    Torn public immutable token;
    Proposal[] public proposals;
    mapping(address => uint256) public lockedBalance;
    mapping(address => uint256) public canWithdrawAfter;
    mapping(uint256 => mapping(address => bool)) public voted;

    constructor(Torn token_) {
        token = token_;
    }

    function lock(uint256 amount) external {
        lockedBalance[msg.sender] += amount;
        require(token.transferFrom(msg.sender, address(this), amount), "not paid");
    }

    function unlock(uint256 amount) external {
        require(block.timestamp > canWithdrawAfter[msg.sender], "voting");
        lockedBalance[msg.sender] -= amount;
        require(token.transfer(msg.sender, amount), "not paid");
    }

    /// @notice Proposes a contract whose `executeProposal` this one shall run as its own.
    function propose(address target) external returns (uint256 id) {
        require(lockedBalance[msg.sender] >= 1000e18, "too few tokens");
        require(target.code.length > 0, "no contract");
        id = proposals.length;
        proposals.push();
        proposals[id].target = target;
        proposals[id].code = target.codehash;
        proposals[id].start = block.timestamp;
        _extend(block.timestamp);
    }

    function castVote(uint256 id, bool support) external {
        Proposal storage proposal = proposals[id];
        require(block.timestamp < proposal.start + VOTING_PERIOD, "over");
        require(!voted[id][msg.sender], "voted");
        voted[id][msg.sender] = true;
        if (support) proposal.yes += lockedBalance[msg.sender];
        else proposal.no += lockedBalance[msg.sender];
        _extend(proposal.start);
    }

    function execute(uint256 id) external {
        Proposal storage proposal = proposals[id];
        require(block.timestamp >= proposal.start + VOTING_PERIOD + DELAY, "too early");
        require(!proposal.closed, "closed");
        require(proposal.yes > proposal.no && proposal.yes >= QUORUM, "not passed");
        proposal.closed = true;
        // Another code than was voted on is nobody's wish.
        (bool done,) = proposal.target.delegatecall(abi.encodeCall(IProposal.executeProposal, ()));
        require(done, "failed");
    }

    function _extend(uint256 start) private {
        uint256 end = start + VOTING_PERIOD + DELAY;
        if (end > canWithdrawAfter[msg.sender]) canWithdrawAfter[msg.sender] = end;
    }
}

/// @notice What the relayers have to stake; governance says how much.
contract Relayers {
    address public immutable governance;
    uint256 public minimum = 300e18;

    constructor(address governance_) {
        governance = governance_;
    }

    function setMinimum(uint256 minimum_) external {
        require(msg.sender == governance, "not governance");
        minimum = minimum_;
    }
}

/// @notice The proposal that was voted on: a higher stake for relayers. Its author may stop it.
contract PenaltyProposal is IProposal {
    Relayers public immutable relayers;
    address public immutable author;

    constructor(Relayers relayers_) {
        relayers = relayers_;
        author = msg.sender;
    }

    function executeProposal() external {
        relayers.setMinimum(2000e18);
    }

    function emergencyStop() external {
        require(msg.sender == author, "not the author");
        selfdestruct(payable(author));
    }
}

/// @notice A public tool: copies a contract's code to an address that depends on the salt alone.
contract CopyFactory {
    address public template;

    function deploy(uint256 salt, address template_) external returns (address) {
        template = template_;
        return address(new Copy{salt: bytes32(salt)}());
    }

    function addressOf(uint256 salt) external view returns (address) {
        bytes32 code = keccak256(type(Copy).creationCode);
        return address(uint160(uint256(keccak256(abi.encodePacked(bytes1(0xff), address(this), salt, code)))));
    }
}

/// @notice Becomes what its factory's template is.
contract Copy {
    constructor() {
        address template = CopyFactory(msg.sender).template();
        assembly {
            let size := extcodesize(template)
            extcodecopy(template, 0, 0, size)
            return(0, size)
        }
    }
}
