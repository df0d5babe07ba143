// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice Heads or tails for up to an ether, against the house.
contract Coin {
    uint256 public constant PATIENCE = 1 days;
    address public immutable house = msg.sender;
    /// @dev What the house will reveal, hashed.
    bytes32 public commitment;
    address public player;
    bool public heads;
    uint256 public stake;
    uint256 public since;
    uint256 public startedAt;

    constructor(bytes32 commitment_) payable {
        commitment = commitment_;
    }

    function bet(bool heads_) external payable {
        require(stake == 0 && msg.value > 0 && msg.value <= 1 ether, "no bet");
        require(address(this).balance >= 2 * msg.value, "the house is poor");
        (player, heads, stake, since) = (msg.sender, heads_, msg.value, block.number);
        startedAt = block.timestamp;
    }

    /// @notice Throws the coin with the word that the house committed to, and takes the house's next commitment.
    function settle(bytes32 word, bytes32 next) external {
        uint256 amount = stake;
        require(amount > 0 && block.number > since, "not now");
        stake = 0;
        require(msg.sender == house && keccak256(abi.encode(word)) == commitment, "refused");
        bytes32 thrown = keccak256(abi.encode(word, player, amount));
        commitment = next;
        if ((uint256(thrown) % 2 == 0) == heads) {
            (bool paid,) = player.call{value: 2 * amount}("");
            require(paid, "not paid");
        }
    }

    /// @notice Gives a stake back that nobody settles.
    function refund() external {
        uint256 amount = stake;
        require(amount > 0 && msg.sender == player && block.timestamp > startedAt + PATIENCE, "not now");
        stake = 0;
        (bool paid,) = player.call{value: amount}("");
        require(paid, "not paid");
    }

    function withdraw(uint256 amount) external {
        require(msg.sender == house && stake == 0, "refused");
        (bool paid,) = house.call{value: amount}("");
        require(paid, "not paid");
    }
}
