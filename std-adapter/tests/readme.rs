//! The README shows what the command really prints.

use std::process::Command;

/// The blocks of the README that are said to be the output of a command, with its arguments.
fn shown() -> Vec<(Vec<String>, Vec<String>)> {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).expect("the README");
    let mut blocks = Vec::new();
    for part in readme.split("<!-- output of: cargo run --release").skip(1) {
        let (arguments, rest) = part.split_once("-->").expect("the end of the comment");
        let arguments = arguments.trim().trim_start_matches("-- ").split_whitespace().map(str::to_owned).collect();
        let block = rest.split("```").nth(1).expect("a block").trim_start_matches("text\n");
        blocks.push((arguments, block.lines().map(|line| line.trim_end().to_owned()).collect()));
    }
    blocks
}

#[test]
fn every_line_of_its_pictures_is_printed() {
    let blocks = shown();
    assert_eq!(blocks.len(), 4);
    for (arguments, lines) in blocks {
        let output = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
            .args(&arguments)
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .output()
            .expect("the command runs");
        let printed = String::from_utf8(output.stdout).expect("text");
        let printed = printed.lines().map(str::trim_end).collect::<Vec<_>>();
        for line in lines {
            assert!(printed.contains(&line.as_str()), "{arguments:?} does not print {line:?}");
        }
    }
}
