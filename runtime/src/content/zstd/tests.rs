//! Frames that are what they should be, and all the ways in which they are not.

use proptest::prelude::*;

use super::*;

const CAP: usize = 1024 * 1024;

fn words(length: usize) -> Vec<u8> {
    (0_u32..)
        .flat_map(|n| format!("word {} ", n * 7_919 % 9_973).into_bytes())
        .take(length)
        .collect()
}

fn why(frame: &[u8], told: Option<usize>) -> String {
    decompress(frame, told, CAP).unwrap_err().to_string()
}

#[test]
fn a_frame_comes_back_with_and_without_being_told_its_length() {
    let body = words(100_000);
    let frame = compress(&body).unwrap();
    assert_eq!(decompress(&frame, Some(body.len()), CAP), Ok(body.clone()));
    assert_eq!(decompress(&frame, None, CAP), Ok(body.clone()));
    assert_eq!(decompress(&frame, Some(body.len()), body.len()), Ok(body));
}

#[test]
fn a_frame_of_another_length_than_told_is_refused() {
    let body = words(100_000);
    let frame = compress(&body).unwrap();
    assert!(why(&frame, Some(99_999)).contains("99999"));
    assert!(why(&frame, Some(100_001)).contains("100000 bytes instead of 100001"));
    assert!(why(&frame, Some(0)).contains("can't be decompressed"));
}

#[test]
fn too_much_is_refused_before_it_is_decompressed() {
    let bomb = ::zstd::bulk::compress(&vec![0; 64 * 1024 * 1024], 19).unwrap();
    assert!(bomb.len() < 10_000);
    assert!(why(&bomb, None).contains("67108864 bytes, and at most 1048576"));
    // It lies, and gets the room that it asks for and no more.
    assert!(why(&bomb, Some(100 * bomb.len())).contains("can't be decompressed"));
    let ratio = ::zstd::bulk::compress(&vec![0; 1_000_000], 1).unwrap();
    assert!(why(&ratio, Some(1_000_000)).contains("100-fold"));
    assert!(why(&ratio, Some(usize::MAX)).contains("at most 1048576"));
}

#[test]
fn a_second_frame_and_a_part_of_one_are_refused() {
    let body = words(50_000);
    let frame = compress(&body).unwrap();
    let not_one = "not one whole frame";
    assert!(why(&[&frame[..], &frame[..]].concat(), Some(100_000)).contains(not_one));
    assert!(why(&[&frame[..], b"x"].concat(), Some(50_000)).contains(not_one));
    assert!(why(&frame[..frame.len() - 1], Some(50_000)).contains(not_one));
    assert!(why(b"", Some(0)).contains(not_one));
    assert!(why(b"plain", Some(5)).contains(not_one));
    // A frame that readers pass over holds nothing.
    let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0][..], b"x"].concat();
    assert!(decompress(&skipped, Some(10), CAP).is_err());
}

proptest! {
    #[test]
    fn any_body_comes_back(seed: Vec<u8>, times in 1_usize..2_000) {
        let body = seed.repeat(times);
        if let Some(frame) = compress(&body) {
            prop_assert!(frame.len() <= body.len() - body.len() / 10);
            prop_assert_eq!(decompress(&frame, Some(body.len()), body.len()), Ok(body));
        }
    }

    #[test]
    fn a_damaged_frame_is_refused_or_has_the_length_it_tells(
        at in 0_usize..1_000,
        byte: u8,
        told in 0_usize..100_000,
    ) {
        let mut frame = compress(&words(40_000)).unwrap();
        let at = at % frame.len();
        frame[at] = byte;
        if let Ok(body) = decompress(&frame, Some(told), CAP) {
            prop_assert_eq!(body.len(), told);
        }
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes: Vec<u8>, told: Option<usize>) {
        let _ = decompress(&[&[0x28, 0xb5, 0x2f, 0xfd][..], &bytes].concat(), told, CAP);
        let _ = decompress(&bytes, told, CAP);
    }
}
