// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice Keeps the shares of those who left.
contract ChildDao {
    mapping(address => uint256) public balanceOf;

    function fund(address holder) external payable {
        balanceOf[holder] += msg.value;
    }

    function withdraw() external {
        uint256 amount = balanceOf[msg.sender];
        balanceOf[msg.sender] = 0;
        (bool paid,) = msg.sender.call{value: amount}("");
        require(paid, "not paid");
    }
}

/// @title A common purse that members may leave, after The DAO
/// @notice The balance is taken away before anything is paid.
contract Dao {
    ChildDao public immutable child;
    uint256 public totalSupply;
    uint256 public funds;
    uint256 public rewardPerToken;
    mapping(address => uint256) public balanceOf;
    mapping(address => uint256) public rewardOf;
    mapping(address => uint256) public settledAt;

    constructor(ChildDao child_) {
        child = child_;
    }

    function createTokens() external payable {
        _settle();
        balanceOf[msg.sender] += msg.value;
        totalSupply += msg.value;
        funds += msg.value;
    }

    /// @notice What proposals earned, for all members of this moment by their tokens.
    function addReward() external payable {
        require(totalSupply > 0, "no members");
        rewardPerToken += msg.value * 1e18 / totalSupply;
    }

    /// @notice Leaves: the share of the funds goes to the child, the rewards to the member.
    function splitDao() external {
        uint256 balance = balanceOf[msg.sender];
        require(balance > 0, "no tokens");
        uint256 share = funds * balance / totalSupply;
        _settle();
        uint256 reward = rewardOf[msg.sender];
        rewardOf[msg.sender] = 0;
        totalSupply -= balance;
        balanceOf[msg.sender] = 0;
        funds -= share;
        child.fund{value: share}(msg.sender);
        (bool paid,) = msg.sender.call{value: reward}("");
        require(paid, "not paid");
    }

    function _settle() private {
        uint256 since = rewardPerToken - settledAt[msg.sender];
        rewardOf[msg.sender] += balanceOf[msg.sender] * since / 1e18;
        settledAt[msg.sender] = rewardPerToken;
    }
}
