//! C and C++ programs, compiled as strictly as compilers go, against the static and the shared library.
//!
//! A machine without a compiler passes with a loud line.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const STRICT: [&str; 5] = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"];
/// What the standard library of Rust wants beside it on Unix.
const LIBS: [&str; 3] = ["-lpthread", "-ldl", "-lm"];

fn answers(name: &str) -> bool {
    Command::new(name).arg("--version").output().is_ok_and(|out| out.status.success())
}

/// Says past the test harness, which keeps what passing tests print, what was not tried.
fn skipped(what: &str) {
    use std::io::Write;
    let _closed = std::io::stderr().write_all(format!("SKIPPED: {what}\n").as_bytes());
}

/// Those of the compilers that are there; the environment's choice comes first.
fn compilers(variable: &str, usual: &[&str]) -> Vec<String> {
    let chosen = std::env::var(variable).ok();
    let (there, missing): (Vec<_>, Vec<_>) =
        chosen.iter().map(String::as_str).chain(usual.iter().copied()).partition(|name| answers(name));
    for name in missing {
        skipped(&format!("no {name}, the interface was not compiled by it"));
    }
    there.into_iter().map(str::to_owned).collect()
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("the command starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}\n{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Builds the libraries in a folder of their own and gives it.
fn libraries() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = scratch("libraries");
        let manifest = source("Cargo.toml");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--lib", "--manifest-path"]).arg(manifest).arg("--target-dir").arg(&folder);
        run(&mut cargo);
        folder.join("debug")
    })
}

/// Compiles a program against the static library, runs it, and gives what it printed.
fn program(cc: &str, standard: &str, include: &str, file: &str) -> String {
    let made = scratch(&format!("{}-{cc}-{standard}", file.replace('/', "-")));
    let mut command = Command::new(cc);
    command.arg(format!("-std={standard}")).args(STRICT).arg("-I").arg(source(include)).arg(source(file));
    run(command.arg("-o").arg(&made).arg(libraries().join("libplimsoll_ffi.a")).args(LIBS));
    run(&mut Command::new(made))
}

#[test]
fn c_programs_link_and_agree() {
    for cc in compilers("CC", &["gcc", "clang"]) {
        for standard in ["c99", "c11"] {
            let said = program(&cc, standard, "include", "c/test.c");
            assert!(said.ends_with(" checks, 0 failed\n"), "{said}");
        }
    }
}

#[test]
fn the_example_scales_up_restarts_and_scales_down() {
    for cc in compilers("CC", &["gcc"]).iter().take(1) {
        let said = program(cc, "c99", "include", "c/proxy.c");
        assert!(said.contains("restarted, 220 bytes restored"), "{said}");
        assert!(said.contains("10 ->  2  all metrics are below target"), "{said}");
    }
}

#[test]
fn a_program_compiled_against_an_older_header_works() {
    for cc in compilers("CC", &["gcc"]).iter().take(1) {
        program(cc, "c99", "tests/old", "tests/old/caller.c");
    }
}

#[test]
fn the_shared_library_exports_what_is_listed_and_serves_a_program() {
    for cc in compilers("CC", &["gcc"]).iter().take(1) {
        let (folder, made) = (libraries(), scratch("shared"));
        let mut command = Command::new(cc);
        command.arg("-std=c99").args(STRICT).arg("-I").arg(source("include")).arg(source("c/test.c"));
        run(command.arg("-o").arg(&made).arg("-L").arg(folder).arg("-lplimsoll_ffi"));
        // Cargo's own value of this variable leads to whatever was built last.
        run(Command::new(made).env("LD_LIBRARY_PATH", folder));
    }
    if !answers("nm") {
        return skipped("no nm, the exported symbols were not read");
    }
    let symbols = run(Command::new("nm").args(["-D", "--defined-only"]).arg(libraries().join("libplimsoll_ffi.so")));
    let mut exported = symbols.lines().filter_map(|line| line.split(' ').nth(2)).collect::<Vec<_>>();
    exported.sort_unstable();
    let listed = std::fs::read_to_string(source("tests/symbols.txt")).expect("the list");
    assert_eq!(exported, listed.lines().collect::<Vec<_>>(), "tests/symbols.txt is written by `make header`");
}

#[test]
fn the_header_is_cplusplus_too() {
    let file = scratch("header.cpp");
    std::fs::write(&file, "#include \"plimsoll.h\"\nint main() { return PLIMSOLL_STATUS_OK; }\n").expect("a file");
    for cxx in compilers("CXX", &["g++", "clang++"]) {
        for standard in ["-std=c++11", "-std=c++17"] {
            let mut command = Command::new(&cxx);
            run(command.arg(standard).args(STRICT).arg("-fsyntax-only").arg("-I").arg(source("include")).arg(&file));
        }
    }
}
