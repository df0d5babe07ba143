// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

interface IReceiver {
    function onERC721Received(address operator, address from, uint256 id, bytes calldata data) external returns (bytes4);
}

/// @notice Deeds of land, one token each (ERC-721).
contract Deeds {
    string public constant name = "Deeds";
    string public constant symbol = "DEED";
    address public immutable registrar = msg.sender;
    uint256 public issued;
    mapping(uint256 => address) private owners;
    mapping(address => uint256) private balances;
    mapping(uint256 => address) private approved;
    mapping(address => mapping(address => bool)) public isApprovedForAll;

    event Transfer(address indexed from, address indexed to, uint256 indexed id);
    event Approval(address indexed owner, address indexed spender, uint256 indexed id);
    event ApprovalForAll(address indexed owner, address indexed operator, bool allowed);

    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == 0x01ffc9a7 || id == 0x80ac58cd;
    }

    function issue(address to) external returns (uint256 id) {
        require(msg.sender == registrar && to != address(0), "refused");
        id = ++issued;
        owners[id] = to;
        balances[to] += 1;
        emit Transfer(address(0), to, id);
    }

    function ownerOf(uint256 id) public view returns (address owner) {
        owner = owners[id];
        require(owner != address(0), "no such deed");
    }

    function balanceOf(address owner) external view returns (uint256) {
        require(owner != address(0), "no owner");
        return balances[owner];
    }

    function getApproved(uint256 id) external view returns (address) {
        ownerOf(id);
        return approved[id];
    }

    function approve(address spender, uint256 id) external {
        address owner = ownerOf(id);
        require(msg.sender == owner || isApprovedForAll[owner][msg.sender], "not allowed");
        approved[id] = spender;
        emit Approval(owner, spender, id);
    }

    function setApprovalForAll(address operator, bool allowed) external {
        isApprovedForAll[msg.sender][operator] = allowed;
        emit ApprovalForAll(msg.sender, operator, allowed);
    }

    function transferFrom(address from, address to, uint256 id) public {
        address owner = ownerOf(id);
        require(owner != address(0) && to != address(0), "no receiver");
        require(
            msg.sender == from || isApprovedForAll[from][msg.sender] || approved[id] == msg.sender, "not allowed"
        );
        approved[id] = address(0);
        balances[owner] -= 1;
        balances[to] += 1;
        owners[id] = to;
        emit Transfer(from, to, id);
    }

    function safeTransferFrom(address from, address to, uint256 id) external {
        safeTransferFrom(from, to, id, "");
    }

    function safeTransferFrom(address from, address to, uint256 id, bytes memory data) public {
        transferFrom(from, to, id);
        if (to.code.length == 0) return;
        bytes4 answer = IReceiver(to).onERC721Received(msg.sender, from, id, data);
        require(answer == IReceiver.onERC721Received.selector, "refused");
    }
}
