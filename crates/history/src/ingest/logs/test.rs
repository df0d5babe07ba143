//! The table of events against its own signatures, and hostile logs.

use proptest::prelude::*;

use super::abi::{Word, to_hex};
use super::events::EVENTS;
use super::parse;

/// Keccak-256 (FIPS 202 permutation, original padding), for the test alone.
fn keccak256(input: &[u8]) -> Word {
    const ROTATIONS: [u32; 24] =
        [1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44];
    const LANES: [usize; 24] =
        [10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1];
    fn permute(state: &mut [u64; 25]) {
        let mut register = 1_u8;
        for _ in 0..24 {
            let column: Vec<u64> = (0..5).map(|x| (0..5).fold(0, |sum, y| sum ^ state[x + 5 * y])).collect();
            for x in 0..5 {
                let change = column[(x + 4) % 5] ^ column[(x + 1) % 5].rotate_left(1);
                for y in 0..5 {
                    state[x + 5 * y] ^= change;
                }
            }
            let mut moved = state[1];
            for (&lane, &rotation) in LANES.iter().zip(&ROTATIONS) {
                let next = state[lane];
                state[lane] = moved.rotate_left(rotation);
                moved = next;
            }
            for y in 0..5 {
                let row: Vec<u64> = (0..5).map(|x| state[x + 5 * y]).collect();
                for x in 0..5 {
                    state[x + 5 * y] = row[x] ^ (!row[(x + 1) % 5] & row[(x + 2) % 5]);
                }
            }
            // The round constant, from the linear feedback shift register of FIPS 202, 3.2.5.
            for bit in 0..7 {
                if register & 1 == 1 {
                    state[0] ^= 1 << ((1_u32 << bit) - 1);
                }
                register = register << 1 ^ if register & 0x80 == 0 { 0 } else { 0x71 };
            }
        }
    }
    let mut padded = input.to_vec();
    padded.push(1);
    padded.resize(padded.len().div_ceil(136) * 136, 0);
    if let Some(last) = padded.last_mut() {
        *last |= 0x80;
    }
    let mut state = [0_u64; 25];
    for block in padded.chunks(136) {
        for (lane, bytes) in state.iter_mut().zip(block.as_chunks::<8>().0) {
            *lane ^= u64::from_le_bytes(*bytes);
        }
        permute(&mut state);
    }
    let mut hash = [0; 32];
    for (bytes, lane) in hash.as_chunks_mut::<8>().0.iter_mut().zip(state) {
        *bytes = lane.to_le_bytes();
    }
    hash
}

#[test]
fn every_hash_is_that_of_its_signature() {
    assert_eq!(to_hex(&keccak256(b"")), "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    for event in EVENTS {
        assert_eq!(
            to_hex(&event.topic),
            to_hex(&keccak256(event.signature.as_bytes())),
            "{}",
            event.signature
        );
    }
}

#[test]
fn topics_of_every_layout_exist_in_the_signature() {
    for event in EVENTS {
        let arguments = event.signature.matches(',').count() + 1;
        for layout in event.indexed {
            assert!(layout.len() <= 3 && layout.iter().all(|&position| position < arguments), "{event:?}");
        }
        let mut counts: Vec<usize> = event.indexed.iter().map(|layout| layout.len()).collect();
        counts.sort_unstable();
        counts.dedup();
        assert_eq!(counts.len(), event.indexed.len(), "two layouts of {} look the same", event.signature);
    }
}

/// What `parse::read` makes of a text: logs, rows set aside, and whether it is JSON.
fn read(text: &[u8]) -> (usize, Vec<&'static str>, bool) {
    let (mut logs, mut aside) = (0, Vec::new());
    let result = parse::read(text, &mut |parsed| {
        match parsed {
            Ok(_) => logs += 1,
            Err(reason) => aside.push(reason),
        }
        true
    });
    (logs, aside, result.is_ok())
}

#[test]
fn all_shapes_of_responses() {
    let log = r#"{"address":"0x00000000000000000000000000000000000000aa","topics":[],"data":"0x","blockNumber":"0x1"}"#;
    let cases = [
        (format!("[{log},{log}]"), 2),
        (format!(r#"{{"jsonrpc":"2.0","id":1,"result":[{log}]}}"#), 1),
        (format!(r#"{{"status":"1","message":"OK","result":[{log},{log}]}}"#), 2),
        (format!(r#"[{{"jsonrpc":"2.0","id":1,"result":[{log}]}},{{"id":2,"result":[{log}]}}]"#), 2),
        (format!("{log}\n{log}\n{log}\n"), 3),
        (format!(r#"{{"id":1,"result":[{log}]}} {{"id":2,"result":[]}}"#), 1),
    ];
    for (text, expected) in cases {
        assert_eq!(read(text.as_bytes()), (expected, Vec::new(), true), "{text}");
    }
    let refused = r#"{"status":"0","message":"NOTOK","result":"Max rate limit reached"}"#;
    assert_eq!(read(refused.as_bytes()), (0, vec!["response holds something other than logs"], true));
    let error = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"too many results"}}"#;
    assert_eq!(read(error.as_bytes()), (0, vec!["response is an error of the node"], true));
    assert!(!read(b"[{\"topics\":[").2);
    assert_eq!(read(b"[1, {}, {\"topics\": 5}]").1.len(), 3);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read(&bytes);
    }

    #[test]
    fn random_words_never_panic(
        event in 0..EVENTS.len(),
        layout in 0..3_usize,
        words in prop::collection::vec(
            prop_oneof![
                (0..512_u64).prop_map(|small| { let mut word = [0; 32]; word[24..].copy_from_slice(&small.to_be_bytes()); word }),
                any::<[u8; 32]>(),
            ],
            0..40,
        ),
        cut in 0..32_usize,
    ) {
        use super::collect::{Collector, Scale};
        use crate::builder::HistoryBuilder;
        let event = &EVENTS[event];
        let layout = event.indexed[layout % event.indexed.len()];
        let mut topics = vec![event.topic];
        topics.extend(words.iter().rev().take(layout.len()));
        let mut data: Vec<u8> = words.concat();
        data.truncate(data.len().saturating_sub(cut));
        let log = parse::Log { topics, data, block: Some(7), ..parse::Log::default() };
        let mut builder = HistoryBuilder::new(18, daotwin_core::Limits::default());
        let scale = Scale::new(18, &builder);
        let mut collector = Collector::new(super::Clock::default(), scale, &mut builder);
        collector.take(&"test".into(), Ok(log)).unwrap();
        collector.finish(None, 18, &daotwin_core::Run::default()).unwrap();
        builder.finish().unwrap();
    }
}
