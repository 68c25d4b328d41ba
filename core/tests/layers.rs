//! The rooms of core stand in layers; a room uses only what is below it.

use std::path::Path;

const LAYERS: [&[&str]; 6] = [
    &["units", "math", "error"],
    &["trace", "snapshot"],
    &["window"],
    &["decision"],
    &["constrain"],
    &["hpa", "kpa", "queue", "step", "schedule", "combine"],
];

fn layer(room: &str) -> Option<usize> {
    LAYERS.iter().position(|rooms| rooms.contains(&room))
}

/// The rooms that a source text names after `crate::`, outside its tests.
fn named(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut rooms = Vec::new();
    for line in lines {
        for after in line.split("crate::").skip(1) {
            rooms.push(after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    rooms
}

fn walk(folder: &Path, room: Option<&str>, complaints: &mut Vec<String>, files: &mut usize) {
    for entry in std::fs::read_dir(folder).expect("core's sources") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name in UTF-8").to_owned();
        let room = room.unwrap_or(&name);
        if path.is_dir() {
            walk(&path, Some(room), complaints, files);
            continue;
        }
        if room == "lib" {
            continue;
        }
        let own = layer(room).unwrap_or_else(|| panic!("{room} has no layer"));
        *files += 1;
        for used in named(&std::fs::read_to_string(&path).expect("a source file")) {
            let below = used == room || layer(&used).is_some_and(|layer| layer < own);
            if !below {
                complaints.push(format!("{} uses {used}", path.display()));
            }
        }
    }
}

#[test]
fn no_room_uses_one_beside_or_above_it() {
    let (mut complaints, mut files) = (Vec::new(), 0);
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), None, &mut complaints, &mut files);
    assert!(files > 15, "only {files} files were read");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn a_sideways_use_would_be_seen() {
    assert_eq!(named("use crate::hpa::Hpa;\n// crate::units\nlet x: crate::trace::Trace;"), ["hpa", "trace"]);
}
