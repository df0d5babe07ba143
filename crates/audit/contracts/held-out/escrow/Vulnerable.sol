// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice Holds a price until the buyer has the goods; either side may call a deal off after two weeks.
contract Escrow {
    struct Deal {
        address buyer;
        address merchant;
        uint256 price;
        uint256 since;
        bool closed;
    }

    uint256 public constant PATIENCE = 14 days;
    Deal[] public deals;

    function open(address merchant) external payable returns (uint256 id) {
        require(msg.value > 0 && merchant != address(0), "refused");
        id = deals.length;
        deals.push(Deal(msg.sender, merchant, msg.value, block.timestamp, false));
    }

    /// @notice The buyer has the goods.
    function confirm(uint256 id, address to) external {
        Deal storage deal = deals[id];
        require(msg.sender == deal.buyer && !deal.closed, "refused");
        require(to == deal.merchant, "another merchant");
        deal.closed = true;
        (bool paid,) = to.call{value: deal.price}("");
        require(paid, "not paid");
    }

    function callOff(uint256 id) external {
        Deal storage deal = deals[id];
        require(msg.sender == deal.buyer || msg.sender == deal.merchant, "a stranger");
        require(!deal.closed && block.timestamp > deal.since + PATIENCE, "not now");
        (bool paid,) = deal.buyer.call{value: deal.price}("");
        require(paid, "not paid");
    }
}
