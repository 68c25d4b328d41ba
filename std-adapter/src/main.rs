//! The `plimsoll` command.

fn main() -> std::process::ExitCode {
    plimsoll::command::main()
}
