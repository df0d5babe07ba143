// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice Tickets of an ether each, which may be given back until the notary names the winner.
contract Raffle {
    uint256 public constant PRICE = 1 ether;
    address public immutable notary;
    uint256 public sold;
    bool public over;
    mapping(address => uint256) public ticketsOf;

    constructor(address notary_) {
        notary = notary_;
    }

    function buy(uint256 count) external payable {
        require(!over && count > 0, "no tickets");
        unchecked {
        require(msg.value == count * PRICE, "another price");
        ticketsOf[msg.sender] += count;
        sold += count;
        }
    }

    function giveBack(uint256 count) external {
        require(!over, "over");
        ticketsOf[msg.sender] -= count;
        sold -= count;
        (bool paid,) = msg.sender.call{value: count * PRICE}("");
        require(paid, "not paid");
    }

    function name(address winner, address to) external {
        require(msg.sender == notary && !over && ticketsOf[winner] > 0, "refused");
        over = true;
        (bool paid,) = to.call{value: address(this).balance}("");
        require(paid, "not paid");
    }
}
