//! How wide the output is, as an option.

use clap::Args;

use crate::host;

/// What is asked for, in place of what the terminal has.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(super) struct Width {
    // The range is that of the report: see `report::timeline`.
    /// Columns of the output, 60 to 240 [default: the terminal's, or 100]
    #[arg(long = "width", value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(60..=240))]
    given: Option<u16>,
}

impl Width {
    pub(super) fn columns(self) -> usize {
        self.given.map_or_else(host::columns, usize::from)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        width: Width,
    }

    #[test]
    fn the_width_is_what_is_asked_for_between_60_and_240() {
        for (text, columns) in [("60", Some(60)), ("240", Some(240)), ("59", None), ("241", None), ("wide", None)] {
            let alone = Alone::try_parse_from(["alone", "--width", text]).ok();
            assert_eq!(alone.map(|alone| alone.width.columns()), columns, "{text}");
        }
        let alone = Alone::try_parse_from(["alone"]).ok();
        assert_eq!(alone.map(|alone| alone.width.columns()), Some(host::columns()));
    }
}
