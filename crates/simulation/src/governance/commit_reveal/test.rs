use super::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn hashes_are_those_of_ethereum() {
    // The empty text and "abc" are in the Keccak team's list; the longest takes two blocks and the one of 135 bytes one.
    assert_eq!(hex(&keccak256(b"")), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    assert_eq!(hex(&keccak256(b"abc")), "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    assert_ne!(keccak256(&[7; 135]), keccak256(&[7; 136]));
    // The selector of an ERC-20 transfer.
    assert_eq!(hex(&keccak256(b"transfer(address,uint256)")[..4]), "a9059cbb");
}

const SETTINGS: Settings =
    Settings { commit_end: 10, reveal_end: 20, vote_quorum: 50, penalty_millionths: 1_000 };

#[test]
fn both_ends_are_inclusive() {
    let mut poll = Poll::new(SETTINGS);
    assert_eq!(poll.commit(10, 0, commitment(1, 5), 7), Ok(()));
    assert_eq!(poll.commit(11, 1, commitment(1, 5), 7), Err(Refusal::CommitOver));
    assert_eq!(poll.reveal(10, 0, 1, 5), Err(Refusal::NotRevealing));
    assert_eq!(poll.reveal(20, 0, 1, 6), Err(Refusal::Mismatch));
    assert_eq!(poll.reveal(20, 0, 1, 5), Ok(()));
    assert_eq!(poll.reveal(20, 0, 1, 5), Err(Refusal::Revealed));
    assert_eq!(poll.reveal(21, 0, 1, 5), Err(Refusal::NotRevealing));
    assert!(!poll.ended(20) && poll.ended(21));
}

#[test]
fn the_quorum_is_exceeded_by_revealed_tokens_alone() {
    for quorum in 0..=100 {
        for (in_favour, against) in
            [(0, 0), (1, 0), (0, 1), (50, 50), (51, 49), (67, 33), (199, 1), (1_005, 3)]
        {
            let mut poll = Poll::new(Settings { vote_quorum: quorum, ..SETTINGS });
            poll.commit(0, 0, commitment(1, 1), in_favour).unwrap();
            poll.commit(0, 1, commitment(0, 1), against).unwrap();
            poll.commit(0, 2, commitment(0, 1), 1_000_000).unwrap();
            poll.reveal(11, 0, 1, 1).unwrap();
            poll.reveal(11, 1, 0, 1).unwrap();
            let expected = 100 * in_favour > u128::from(quorum) * (in_favour + against);
            assert_eq!(poll.passes(), expected, "{quorum} {in_favour} {against}");
            assert_eq!((poll.penalty(0), poll.penalty(2)), (0, 1_000));
        }
    }
    let mut large = Poll::new(Settings { vote_quorum: 100, ..SETTINGS });
    large.commit(0, 0, commitment(1, 1), u128::MAX).unwrap();
    large.reveal(11, 0, 1, 1).unwrap();
    assert!(!large.passes());
    assert_eq!(large.commit(0, 1, commitment(1, 1), 1), Err(Refusal::Overflow));
}

#[test]
fn the_last_commitment_counts() {
    let mut poll = Poll::new(SETTINGS);
    poll.commit(0, 0, commitment(1, 5), 7).unwrap();
    poll.commit(1, 0, commitment(0, 6), 3).unwrap();
    assert_eq!(poll.committed(), 3);
    assert_eq!(poll.reveal(11, 0, 1, 5), Err(Refusal::Mismatch));
    assert_eq!(poll.reveal(11, 0, 0, 6), Ok(()));
    assert_eq!(poll.revealed(), (0, 3));
    assert_eq!(poll.commit(0, 1, [0; 32], 1), Err(Refusal::Zero));
}
