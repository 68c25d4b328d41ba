//! `--width` is obeyed by everything that has lines.

use std::process::Command;

use unicode_width::UnicodeWidthStr;

const DUMP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/dumps/pods-starting");
const QUEUE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/behind-the-queue.yaml");

#[test]
fn no_line_is_wider_than_asked_for_and_more_room_makes_fewer_lines() {
    let (objects, metrics) = (format!("{DUMP}.objects.json"), format!("{DUMP}.metrics.json"));
    for arguments in [vec!["simulate", QUEUE], vec!["explain", &objects, &metrics]] {
        let heights = ["60", "100", "240"].map(|width| {
            let text = printed(&[arguments.clone(), vec!["--width", width]].concat());
            let widest = text.lines().max_by_key(|line| line.width()).expect("lines");
            assert!(widest.width() <= width.parse().expect("a number"), "{arguments:?}, {width}: {widest}");
            text.lines().count()
        });
        assert!(heights.is_sorted_by(|narrow, wide| narrow > wide), "{arguments:?}: {heights:?}");
        // No terminal is there in a test.
        assert_eq!(printed(&arguments), printed(&[arguments.clone(), vec!["--width", "100"]].concat()));
    }
}

fn printed(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_plimsoll")).args(arguments).output().expect("the command runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}
