//! Words on a terminal: foreign text made harmless, broken into lines, and painted.

use anstyle::{AnsiColor, Effects};
use textwrap::core::display_width;

use super::Style;

/// What a piece of text is, from which its colour follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Text,
    Title,
    Quiet,
    Up,
    Down,
    Good,
    Bad,
    Offered,
    Served,
    Wanted,
    Ready,
}

/// Puts text into the colour of its role, or leaves it alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint(pub(super) Style);

impl Paint {
    pub(super) fn in_role(self, role: Role, text: &str) -> String {
        if self.0 == Style::Plain || role == Role::Text || text.is_empty() {
            return text.to_owned();
        }
        let style = role.style();
        format!("{style}{text}{style:#}")
    }
}

impl Role {
    fn style(self) -> anstyle::Style {
        let plain = anstyle::Style::new();
        match self {
            Self::Text => plain,
            Self::Title => plain.effects(Effects::BOLD),
            Self::Quiet => plain.effects(Effects::DIMMED),
            Self::Up => AnsiColor::Yellow.on_default().effects(Effects::BOLD),
            Self::Down => AnsiColor::Cyan.on_default().effects(Effects::BOLD),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Bad => AnsiColor::Red.on_default().effects(Effects::BOLD),
            Self::Offered => AnsiColor::Magenta.on_default(),
            Self::Served => AnsiColor::Blue.on_default(),
            Self::Wanted => AnsiColor::Yellow.on_default(),
            Self::Ready => AnsiColor::Green.on_default(),
        }
    }
}

/// Foreign text on one line: white space and control characters become one blank, what takes no column goes.
///
/// Invisible letters can reverse a line or join what is counted apart, so that no width would hold.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match display_width(letter.encode_utf8(&mut [0; 4])) {
            _ if letter.is_whitespace() || letter.is_control() => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            0 => {}
            _ => out.push(letter),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// The text in at most `width` columns, with `…` where it was cut.
pub(super) fn cut(text: &str, width: usize) -> String {
    if display_width(text) <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut columns = 1;
    for letter in text.chars() {
        columns += display_width(letter.encode_utf8(&mut [0; 4]));
        if columns > width {
            break;
        }
        out.push(letter);
    }
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

/// The text in lines of at most `width` columns, broken between words where words fit.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let options = textwrap::Options::new(width.max(2)).wrap_algorithm(textwrap::WrapAlgorithm::FirstFit);
    let glued = glue(text);
    let lines = glued.lines().flat_map(|line| textwrap::wrap(line, &options));
    lines.map(|line| line.replace(GLUE, " ").trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
}

const GLUE: char = '\u{a0}';

/// Numbers stay with their unit and on both sides of an arrow: no line begins with `%`, none ends with `→`.
fn glue(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = "";
    for (index, word) in text.split(' ').enumerate() {
        let unit = matches!(word.trim_end_matches([',', ';', ')', '.']), "%" | "s" | "ms" | "min" | "h");
        let glued = before == "→" || word == "→" || unit && before.ends_with(|letter: char| letter.is_ascii_digit());
        if index > 0 {
            out.push(if glued { GLUE } else { ' ' });
        }
        out.push_str(word);
        before = word;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_made_harmless() {
        assert_eq!(clean("  a\t\r\nb\u{1b}[31mc\u{202e}\u{200d}d  "), "a b [31mcd");
    }

    #[test]
    fn a_cut_text_shows_that_it_was_cut() {
        assert_eq!(cut("twelve pods", 11), "twelve pods");
        assert_eq!(cut("twelve pods", 8), "twelve…");
        assert_eq!(cut("日本語", 5), "日本…");
    }

    #[test]
    fn lines_break_between_words_and_long_words_anywhere() {
        assert_eq!(wrap("held by the rule", 8), ["held by", "the rule"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert!(wrap("", 8).is_empty());
    }

    #[test]
    fn a_number_stays_with_its_unit_and_its_arrow() {
        assert_eq!(wrap("rule (2 pods in 300 s) allows 4", 19), ["rule (2 pods in", "300 s) allows 4"]);
        assert_eq!(wrap("cpu 65 % → 12", 10), ["cpu", "65 % → 12"]);
    }
}
