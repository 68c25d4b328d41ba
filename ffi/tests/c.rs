//! The C test, compiled as strictly as compilers go, against the static and the shared library.
//!
//! A machine without a C compiler passes with a loud line.

use std::path::{Path, PathBuf};
use std::process::Command;

const STRICT: [&str; 5] = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"];

/// The compiler of that environment variable, else the first of the usual names that answers.
fn compiler(variable: &str, usual: &[&str]) -> Option<String> {
    let chosen = std::env::var(variable).ok();
    let names = chosen.iter().map(String::as_str).chain(usual.iter().copied());
    let answers = |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|out| out.status.success());
    let found = names.into_iter().find(answers).map(str::to_owned);
    if found.is_none() {
        // Past the test harness, which keeps what passing tests print.
        use std::io::Write;
        let line = format!("SKIPPED: no {} compiler found, the header was not tried\n", usual[0]);
        let _closed = std::io::stderr().write_all(line.as_bytes());
    }
    found
}

fn run(command: &mut Command) {
    let output = command.output().expect("the command starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}\n{}{}", text(&output.stdout), text(&output.stderr));
}

fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Builds the libraries in a folder of their own and gives it.
fn libraries() -> PathBuf {
    let folder = scratch("libraries");
    let manifest = source("Cargo.toml");
    let mut cargo = Command::new(env!("CARGO"));
    run(cargo.args(["build", "--quiet", "--lib", "--manifest-path"]).arg(manifest).arg("--target-dir").arg(&folder));
    folder.join("debug")
}

#[test]
fn a_c_program_links_and_agrees() {
    let Some(cc) = compiler("CC", &["cc", "gcc", "clang"]) else { return };
    let folder = libraries();
    let build = |name: &str| {
        let mut command = Command::new(&cc);
        command.arg("-std=c99").args(STRICT).arg("-I").arg(source("include")).arg(source("c/test.c"));
        command.arg("-o").arg(scratch(name));
        command
    };
    // What the standard library of Rust wants beside it on Unix.
    run(build("static").arg(folder.join("libplimsoll_ffi.a")).args(["-lpthread", "-ldl", "-lm"]));
    run(&mut Command::new(scratch("static")));
    let path = format!("-Wl,-rpath,{}", folder.display());
    run(build("shared").arg("-L").arg(&folder).arg("-lplimsoll_ffi").arg(path));
    run(&mut Command::new(scratch("shared")));
}

#[test]
fn the_header_is_cplusplus_too() {
    let Some(cxx) = compiler("CXX", &["c++", "g++", "clang++"]) else { return };
    let file = scratch("header.cpp");
    std::fs::write(&file, "#include \"plimsoll.h\"\nint main() { return PLIMSOLL_STATUS_OK; }\n").expect("a file");
    run(Command::new(cxx)
        .arg("-std=c++11")
        .args(STRICT)
        .arg("-fsyntax-only")
        .arg("-I")
        .arg(source("include"))
        .arg(file));
}
