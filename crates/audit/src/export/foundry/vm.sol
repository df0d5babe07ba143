interface Vm {
    function deal(address account, uint256 balance) external;
    function etch(address account, bytes calldata code) external;
    function getCode(string calldata artifact) external view returns (bytes memory);
    function load(address account, bytes32 slot) external view returns (bytes32);
    function prank(address sender, address origin) external;
    function prevrandao(bytes32 random) external;
    function revertToState(uint256 id) external returns (bool);
    function roll(uint256 number) external;
    function setBlockhash(uint256 number, bytes32 hash) external;
    function setNonceUnsafe(address account, uint64 nonce) external;
    function snapshotState() external returns (uint256 id);
    function store(address account, bytes32 slot, bytes32 value) external;
    function warp(uint256 time) external;
}
