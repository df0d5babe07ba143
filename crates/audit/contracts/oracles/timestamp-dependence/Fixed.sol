// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice Every ticket costs an ether; one of them takes all.
contract Lottery {
    uint256 public constant PATIENCE = 7 days;
    address public immutable operator = msg.sender;
    /// @dev What the operator will reveal, hashed.
    bytes32 public immutable commitment;
    uint256 public immutable start = block.timestamp;
    address[] public tickets;
    bool public drawn;
    mapping(address => uint256) public ticketsOf;

    constructor(bytes32 commitment_) {
        commitment = commitment_;
    }

    function play() external payable {
        require(!drawn && block.timestamp <= start + PATIENCE && msg.value == 1 ether && tickets.length < 100, "no ticket");
        tickets.push(msg.sender);
        ticketsOf[msg.sender] += 1;
    }

    /// @notice Draws the winner with the word that the operator committed to.
    function draw(bytes32 word) external {
        require(!drawn && tickets.length >= 3 && block.timestamp <= start + PATIENCE, "not now");
        require(keccak256(abi.encode(word)) == commitment, "another word");
        drawn = true;
        uint256 number = uint256(keccak256(abi.encode(word, tickets.length)));
        address winner = tickets[number % tickets.length];
        (bool paid,) = winner.call{value: address(this).balance}("");
        require(paid, "not paid");
    }

    /// @notice Tickets are paid back where no draw comes.
    function refund() external {
        require(!drawn && block.timestamp > start + PATIENCE, "not now");
        uint256 amount = ticketsOf[msg.sender] * 1 ether;
        ticketsOf[msg.sender] = 0;
        (bool paid,) = msg.sender.call{value: amount}("");
        require(paid, "not paid");
    }
}
