// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice Auctions of rights, which stand in these books alone.
contract Auctions {
    struct Lot {
        address seller;
        address leader;
        uint256 price;
        uint256 end;
        bool settled;
    }

    uint256 public constant TERM = 2 days;
    Lot[] public lots;
    mapping(uint256 => mapping(address => uint256)) public bidOf;
    mapping(uint256 => address) public ownerOf;

    function open() external returns (uint256 lot) {
        lot = lots.length;
        lots.push(Lot(msg.sender, address(0), 0, block.timestamp + TERM, false));
    }

    /// @notice Adds to one's bid, which must be the highest then.
    function bid(uint256 lot) external payable {
        Lot storage one = lots[lot];
        require(block.timestamp < one.end, "over");
        bidOf[lot][msg.sender] += msg.value;
        require(bidOf[lot][msg.sender] > one.price, "too low");
        (one.leader, one.price) = (msg.sender, bidOf[lot][msg.sender]);
    }

    /// @notice Takes a bid back that is not the highest; the seller takes the price after the end.
    function takeBack(uint256 lot) external {
        Lot storage one = lots[lot];
        require(msg.sender != one.leader || one.settled, "the highest");
        uint256 amount = bidOf[lot][msg.sender];
        bidOf[lot][msg.sender] = 0;
        (bool paid,) = msg.sender.call{value: amount}("");
        require(paid, "not paid");
    }

    function settle(uint256 lot) external {
        Lot storage one = lots[lot];
        require(block.timestamp >= one.end && !one.settled, "not now");
        one.settled = true;
        if (one.leader == address(0)) return;
        ownerOf[lot] = one.leader;
        if (bidOf[lot][one.leader] >= one.price) bidOf[lot][one.leader] -= one.price;
        bidOf[lot][one.seller] += one.price;
    }
}
