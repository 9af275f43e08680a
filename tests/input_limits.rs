//! Files that are hardly of events end by a limit that is named.

#![allow(clippy::unwrap_used)]

mod harness;

use std::io::Write as _;

use harness::{Giaoban, session};

/// A good line, then that text, packed both ways.
fn packed(text: &str) -> [(&'static str, Vec<u8>); 2] {
    let text = format!("{}\n{text}", session("00004", 1, 1, "2020-03-04", 1));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(text.as_bytes()).unwrap();
    [("a.ndjson.zst", zstd::encode_all(text.as_bytes(), 19).unwrap()), ("a.ndjson.gz", gzip.finish().unwrap())]
}

#[test]
fn an_archive_that_blows_up_is_read_no_further() {
    // Remarks of a receipt, which are passed over.
    for (name, bytes) in packed(&"# x\n".repeat(18 << 18)) {
        let giaoban = Giaoban::new();
        giaoban.write(name, &bytes);
        let ended = giaoban.run(&["publish", name]);
        assert_eq!(ended.code, Some(4), "{}{}", ended.out, ended.err);
        assert!(ended.out.contains("1 taken, 0 refused"), "{}", ended.out);
        assert!(ended.out.contains("more than 1000 times its size and more than 16 MiB"), "{}", ended.out);
        assert!(ended.out.contains("not read beyond line"), "{}", ended.out);
    }
}

#[test]
fn a_file_in_which_next_to_nothing_is_an_event_ends_and_its_receipt_too() {
    for (name, text) in [
        ("a.csv", format!("type,subject,unit,held_on,body,field\nsupervision,GS-1,\"00004\n{}", "x\n".repeat(1 << 20))),
        ("b.ndjson", "x\n".repeat(1 << 20)),
    ] {
        let giaoban = Giaoban::new();
        giaoban.write(name, text);
        let ended = giaoban.run(&["publish", name]);
        assert_eq!(ended.code, Some(5), "{}{}", ended.out, ended.err);
        assert!(ended.out.contains("more than 16 MiB: it is hardly a file of events"), "{}", ended.out);
        let mut receipt = std::fs::read_dir(giaoban.dir()).unwrap().map(|entry| entry.unwrap());
        let receipt = receipt.find(|entry| entry.file_name().to_string_lossy().contains("rejected")).unwrap();
        assert!(receipt.metadata().unwrap().len() < 64 << 20, "{:?}", receipt.metadata());
    }
}
