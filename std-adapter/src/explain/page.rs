//! A page for a terminal: headings, paragraphs and points, wrapped.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::report::clean;

/// A page under way.
pub(super) struct Page {
    out: String,
    colour: bool,
    width: usize,
}

impl Page {
    /// At least 60 columns wide.
    pub(super) fn new(colour: bool, width: usize) -> Self {
        Self { out: String::new(), colour, width: width.max(60) }
    }

    /// The page.
    pub(super) fn done(self) -> String {
        self.out
    }

    fn styled(&self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// What is decided, and the reason.
    pub(super) fn verdict(&mut self, moved: &str, because: &str) {
        let green = Style::new().bold().fg_color(Some(AnsiColor::Green.into()));
        let words = self.styled(green, &format!("Decides now: {moved}"));
        let _infallible = writeln!(self.out, "\n{words}");
        self.paragraph("  because ", because);
    }

    /// Nothing can be told, and the reason.
    pub(super) fn untold(&mut self, because: &str) {
        let yellow = Style::new().bold().fg_color(Some(AnsiColor::Yellow.into()));
        let words = self.styled(yellow, "Decides now: not known");
        let _infallible = writeln!(self.out, "\n{words}");
        self.paragraph("  because ", because);
    }

    pub(super) fn heading(&mut self, text: &str) {
        let styled = self.styled(Style::new().bold(), text);
        let _infallible = writeln!(self.out, "\n{styled}");
    }

    /// A paragraph, its first line after `first`, the rest indented as far.
    pub(super) fn paragraph(&mut self, first: &str, text: &str) {
        let rest = " ".repeat(unicode_width::UnicodeWidthStr::width(first));
        // Names of pods have hyphens and are copied from here: they stay whole.
        let options = textwrap::Options::new(self.width)
            .word_splitter(textwrap::WordSplitter::NoHyphenation)
            .initial_indent(first)
            .subsequent_indent(&rest);
        // Names and messages are the dump's: they must not drive the terminal.
        for line in textwrap::wrap(&clean(text), options) {
            let _infallible = writeln!(self.out, "{}", line.trim_end());
        }
    }

    pub(super) fn point(&mut self, text: &str) {
        self.paragraph("  · ", text);
    }
}
