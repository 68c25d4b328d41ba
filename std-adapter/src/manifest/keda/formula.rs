//! A formula of `scalingModifiers`, from text to the postfix program that core runs.
//!
//! KEDA evaluates formulas with expr-lang. What of it is about numbers is read here, with its precedence (`??` binds
//! tightest, then `**`, `* / %`, `+ -`, comparison, `and`, `or`, `?:`): arithmetic, comparison, logic, choice, nil,
//! `let`, and the functions `int float abs ceil floor round min max sum mean len count any all none one`, over literal lists also
//! with a predicate. Anything else is refused with its place. A formula has at most 4,096 operations.

use std::collections::BTreeMap;
use std::fmt;

use plimsoll_core::error::ConfigError;
use plimsoll_core::queue::formula::{Op, Program};

use super::super::document::quoted;
use super::nearest;

const MOST_OPS: usize = 4096;
const MOST_NESTED: usize = 64;

/// A formula that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    ops: Vec<Op>,
}

impl Formula {
    /// Reads a formula over triggers with these names; the program numbers them in this order. CPU and memory triggers
    /// and those without a name have `""`.
    ///
    /// # Errors
    /// What does not fit, and where.
    pub fn parse(text: &str, triggers: &[&str]) -> Result<Self, FormulaError> {
        let tokens = scan(text)?;
        let mut parser = Parser { tokens, at: 0, triggers, bound: BTreeMap::new(), element: None, nested: 0 };
        let Part { ops, kind } = parser.choice()?;
        let rest = parser.peek().clone();
        if rest.token != Token::End {
            return Err(rest.fault(format!("expected the end of the formula, found {}", rest.token)));
        }
        if kind == Kind::Truth {
            return Err(FormulaError {
                at: 1,
                message: "gives true or false, not a number: use `… ? 1 : 0`".to_owned(),
            });
        }
        // Too deep a stack is the only thing left that core can refuse.
        Program::new(&ops).map_err(|error| FormulaError { at: 1, message: format!("is too complex: {error}") })?;
        Ok(Self { ops })
    }

    /// The operations.
    #[must_use]
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// The program, for [`Modifiers`](plimsoll_core::queue::Modifiers).
    ///
    /// # Errors
    /// Never: it was checked when it was read.
    pub fn program(&self) -> Result<Program<'_>, ConfigError> {
        Program::new(&self.ops)
    }
}

/// A formula that cannot be read: what, and at which character, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormulaError {
    /// The character.
    pub at: usize,
    /// What does not fit.
    pub message: String,
}

impl fmt::Display for FormulaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "formula, character {}: {}", self.at, self.message)
    }
}

impl std::error::Error for FormulaError {}

/// The formula as KEDA rewrites it, so that its result is a float, or nil where `??` may leave one.
#[must_use]
pub fn cast(formula: &str) -> String {
    const RESULT: &str = "_kedaCompositeResult";
    if formula.contains("??") {
        let opening = format!("let {RESULT} = ");
        if formula.starts_with(&opening) {
            return formula.to_owned();
        }
        return format!("{opening}({formula}); {RESULT} == nil ? nil : float({RESULT})");
    }
    if formula.starts_with("float(") { formula.to_owned() } else { format!("float({formula})") }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number {
        value: f64,
        whole: bool,
    },
    Name(String),
    /// An operator or a bracket.
    Sign(&'static str),
    End,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number { value, .. } => write!(f, "{value}"),
            Self::Name(name) => f.write_str(&quoted(name)),
            Self::Sign(sign) => write!(f, "`{sign}`"),
            Self::End => f.write_str("the end"),
        }
    }
}

#[derive(Clone, Debug)]
struct Spot {
    token: Token,
    /// Counted from 1.
    at: usize,
}

impl Spot {
    fn fault(&self, message: String) -> FormulaError {
        FormulaError { at: self.at, message }
    }
}

/// Longer signs first.
const SIGNS: [&str; 27] = [
    "**", "??", "==", "!=", "<=", ">=", "&&", "||", "..", "?.", "+", "-", "*", "/", "%", "^", "<", ">", "!", "?", ":",
    "(", ")", "[", "]", ",", ";",
];
const MORE_SIGNS: [&str; 5] = ["{", "}", "#", "=", "|"];

fn scan(text: &str) -> Result<Vec<Spot>, FormulaError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut at = 1;
    while let Some(first) = rest.chars().next() {
        let (token, length) = if first.is_whitespace() {
            (None, first.len_utf8())
        } else if first.is_ascii_digit() || (first == '.' && rest[1..].starts_with(|next: char| next.is_ascii_digit()))
        {
            let (token, length) = number(rest).map_err(|message| FormulaError { at, message })?;
            (Some(token), length)
        } else if first.is_alphabetic() || first == '_' || first == '$' {
            let end = |letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == '$');
            let length = rest.find(end).unwrap_or(rest.len());
            (Some(Token::Name(rest[..length].to_owned())), length)
        } else {
            let sign = SIGNS.into_iter().chain(MORE_SIGNS).find(|sign| rest.starts_with(sign));
            let Some(sign) = sign else {
                let found = quoted(&first.to_string());
                return Err(FormulaError { at, message: format!("{found} is of no use in a formula of numbers") });
            };
            (Some(Token::Sign(sign)), sign.len())
        };
        if let Some(token) = token {
            tokens.push(Spot { token, at });
        }
        at += rest[..length].chars().count();
        rest = &rest[length..];
    }
    tokens.push(Spot { token: Token::End, at });
    Ok(tokens)
}

fn number(text: &str) -> Result<(Token, usize), String> {
    let bytes = text.as_bytes();
    let digits = |from: usize| from + bytes[from..].iter().take_while(|b| b.is_ascii_digit() || **b == b'_').count();
    let mut end = digits(0);
    let mut whole = true;
    // Two dots are a range, not a fraction.
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1) != Some(&b'.') {
        whole = false;
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let after = digits(end + 1 + sign);
        if after > end + 1 + sign {
            (whole, end) = (false, after);
        }
    }
    if bytes.get(end).is_some_and(u8::is_ascii_alphabetic) {
        return Err(format!("{} is not a decimal number", quoted(&text[..=end])));
    }
    let value: f64 = text[..end].replace('_', "").parse().map_err(|_| "is not a number".to_owned())?;
    if !value.is_finite() {
        return Err(format!("{} is too large", &text[..end]));
    }
    Ok((Token::Number { value, whole }, end))
}

/// What an expression gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Float,
    Whole,
    Truth,
    Nil,
}

impl Kind {
    fn is_number(self) -> bool {
        matches!(self, Self::Float | Self::Whole)
    }
}

/// Operations and what they give.
#[derive(Clone, Debug)]
struct Part {
    ops: Vec<Op>,
    kind: Kind,
}

impl Part {
    fn one(op: Op, kind: Kind) -> Self {
        Self { ops: vec![op], kind }
    }

    fn then(mut self, other: Self, op: Op, kind: Kind) -> Self {
        self.ops.extend(other.ops);
        self.ops.push(op);
        Self { kind, ..self }
    }

    fn apply(mut self, op: Op, kind: Kind) -> Self {
        self.ops.push(op);
        Self { kind, ..self }
    }

    fn negate(self) -> Self {
        let kind = self.kind;
        self.apply(Op::Negate, kind)
    }
}

struct Parser<'t> {
    tokens: Vec<Spot>,
    at: usize,
    triggers: &'t [&'t str],
    bound: BTreeMap<String, Part>,
    /// What `#` stands for.
    element: Option<Part>,
    nested: usize,
}

type Parsed<T> = Result<T, FormulaError>;

impl Parser<'_> {
    fn peek(&self) -> &Spot {
        // The last token is the end, and is never passed.
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn next(&mut self) -> Spot {
        let spot = self.peek().clone();
        self.at += 1;
        spot
    }

    fn takes(&mut self, sign: &str) -> bool {
        let found = matches!(&self.peek().token, Token::Sign(found) if *found == sign);
        self.at += usize::from(found);
        found
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let found = matches!(&self.peek().token, Token::Name(found) if found == word);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Parsed<()> {
        if self.takes(sign) {
            return Ok(());
        }
        let found = self.peek();
        Err(found.fault(format!("expected `{sign}`, found {}", found.token)))
    }

    /// `let`, `a ? b : c`, and everything that binds tighter.
    fn choice(&mut self) -> Parsed<Part> {
        self.nested += 1;
        let here = self.peek().clone();
        if self.nested > MOST_NESTED {
            return Err(here.fault(format!("is nested more than {MOST_NESTED} deep")));
        }
        let part = if self.takes_word("let") { self.binding()? } else { self.conditional()? };
        self.nested -= 1;
        if part.ops.len() > MOST_OPS {
            return Err(here.fault(format!("has more than {MOST_OPS} operations")));
        }
        Ok(part)
    }

    fn binding(&mut self) -> Parsed<Part> {
        let spot = self.next();
        let Token::Name(name) = &spot.token else {
            return Err(spot.fault(format!("expected a name, found {}", spot.token)));
        };
        self.expect("=")?;
        let value = self.choice()?;
        self.expect(";")?;
        let before = self.bound.insert(name.clone(), value);
        let part = self.choice();
        match before {
            Some(before) => self.bound.insert(name.clone(), before),
            None => self.bound.remove(name),
        };
        part
    }

    fn conditional(&mut self) -> Parsed<Part> {
        let here = self.peek().clone();
        let condition = self.binary(0)?;
        if !self.takes("?") {
            return Ok(condition);
        }
        if condition.kind != Kind::Truth {
            return Err(here.fault("what stands before `?` is not true or false".to_owned()));
        }
        let first = self.choice()?;
        self.expect(":")?;
        let second = self.choice()?;
        let kind = self.either(&here, &first, &second)?;
        let mut condition = condition;
        condition.ops.extend(first.ops);
        Ok(condition.then(second, Op::Select, kind))
    }

    /// The kind of one or the other.
    fn either(&self, here: &Spot, first: &Part, second: &Part) -> Parsed<Kind> {
        match (first.kind, second.kind) {
            (a, b) if a == b => Ok(a),
            (Kind::Nil, kind) | (kind, Kind::Nil) => Ok(kind),
            (a, b) if a.is_number() && b.is_number() => Ok(Kind::Float),
            _ => Err(here.fault("may be a number, or true or false: it has to be one of them".to_owned())),
        }
    }

    /// The next operator and how tight it binds.
    fn operator(&self) -> Option<(&'static str, u16)> {
        let found = match &self.peek().token {
            Token::Sign(sign) => *sign,
            Token::Name(name) if name == "and" => "&&",
            Token::Name(name) if name == "or" => "||",
            _ => return None,
        };
        let tightness = match found {
            "||" => 10,
            "&&" => 15,
            "==" | "!=" | "<" | "<=" | ">" | ">=" => 20,
            "+" | "-" => 30,
            "*" | "/" | "%" => 60,
            "**" | "^" => 100,
            "??" => 500,
            _ => return None,
        };
        Some((found, tightness))
    }

    fn binary(&mut self, least: u16) -> Parsed<Part> {
        let mut left = self.unary()?;
        while let Some((sign, tightness)) = self.operator() {
            if tightness < least {
                break;
            }
            let spot = self.next();
            // A power binds to the right: 2 ** 3 ** 2 is 2 ** 9.
            let power = tightness == 100;
            let right = self.binary(if power { tightness } else { tightness + 1 })?;
            left = self.combine(&spot, sign, left, right)?;
        }
        Ok(left)
    }

    fn combine(&self, spot: &Spot, sign: &str, left: Part, right: Part) -> Parsed<Part> {
        let (a, b) = (left.kind, right.kind);
        let numbers = a.is_number() && b.is_number();
        let kind = if a == Kind::Whole && b == Kind::Whole { Kind::Whole } else { Kind::Float };
        let (op, kind) = match sign {
            "??" => (Op::Coalesce, self.either(spot, &left, &right)?),
            "||" | "&&" if a == Kind::Truth && b == Kind::Truth => {
                (if sign == "||" { Op::Or } else { Op::And }, Kind::Truth)
            }
            "==" | "!=" if numbers || a == b || a == Kind::Nil || b == Kind::Nil => {
                (if sign == "==" { Op::Equal } else { Op::NotEqual }, Kind::Truth)
            }
            "<" if numbers => (Op::Less, Kind::Truth),
            "<=" if numbers => (Op::LessOrEqual, Kind::Truth),
            ">" if numbers => (Op::Greater, Kind::Truth),
            ">=" if numbers => (Op::GreaterOrEqual, Kind::Truth),
            "+" if numbers => (Op::Add, kind),
            "-" if numbers => (Op::Subtract, kind),
            "*" if numbers => (Op::Multiply, kind),
            "/" if numbers => (Op::Divide, Kind::Float),
            "**" | "^" if numbers => (Op::Power, Kind::Float),
            "%" if kind == Kind::Whole => (Op::Remainder, Kind::Whole),
            "%" if numbers => return Err(spot.fault("`%` takes whole numbers only: use int(…)".to_owned())),
            "||" | "&&" => return Err(spot.fault(format!("`{sign}` takes true or false on both sides"))),
            _ => return Err(spot.fault(format!("`{sign}` takes numbers on both sides"))),
        };
        Ok(left.then(right, op, kind))
    }

    fn unary(&mut self) -> Parsed<Part> {
        let spot = self.peek().clone();
        self.nested += 1;
        if self.nested > MOST_NESTED {
            return Err(spot.fault(format!("is nested more than {MOST_NESTED} deep")));
        }
        let part = if self.takes("-") {
            self.number_after(&spot, 90)?.negate()
        } else if self.takes("+") {
            self.number_after(&spot, 90)?
        } else if self.takes("!") || self.takes_word("not") {
            let least = if spot.token == Token::Sign("!") { 600 } else { 50 };
            let part = self.binary(least)?;
            if part.kind != Kind::Truth {
                return Err(spot.fault(format!("{} takes true or false", spot.token)));
            }
            part.apply(Op::Not, Kind::Truth)
        } else {
            self.primary()?
        };
        self.nested -= 1;
        Ok(part)
    }

    fn number_after(&mut self, spot: &Spot, least: u16) -> Parsed<Part> {
        let part = self.binary(least)?;
        if part.kind.is_number() {
            return Ok(part);
        }
        Err(spot.fault(format!("{} takes a number", spot.token)))
    }

    fn primary(&mut self) -> Parsed<Part> {
        let spot = self.next();
        match &spot.token {
            Token::Number { value, whole } => {
                Ok(Part::one(Op::Const(*value), if *whole { Kind::Whole } else { Kind::Float }))
            }
            Token::Sign("(") => {
                let part = self.choice()?;
                self.expect(")")?;
                Ok(part)
            }
            Token::Sign("#") => match &self.element {
                Some(element) => Ok(element.clone()),
                None => Err(spot.fault("`#` stands for an element of a list, and there is none here".to_owned())),
            },
            Token::Sign("[") => Err(spot.fault("a list can only be given to a function".to_owned())),
            Token::Name(name) => match name.as_str() {
                "true" | "false" => Ok(Part::one(Op::Truth(name == "true"), Kind::Truth)),
                "nil" => Ok(Part::one(Op::Nil, Kind::Nil)),
                _ if self.takes("(") => self.call(&spot, name),
                _ => self.variable(&spot, name),
            },
            token => Err(spot.fault(format!("expected a number, a trigger or `(`, found {token}"))),
        }
    }

    fn variable(&self, spot: &Spot, name: &str) -> Parsed<Part> {
        if let Some(part) = self.bound.get(name) {
            return Ok(part.clone());
        }
        let found = self.triggers.iter().position(|trigger| *trigger == name);
        if let Some(index) = found.and_then(|index| u16::try_from(index).ok()) {
            return Ok(Part::one(Op::Trigger(index), Kind::Float));
        }
        let near = nearest(name, self.triggers.iter().copied().filter(|trigger| !trigger.is_empty()));
        let hint = near.map(|near| format!("; did you mean {}?", quoted(near))).unwrap_or_default();
        Err(spot.fault(format!("there is no trigger with the name {}{hint}", quoted(name))))
    }

    fn call(&mut self, spot: &Spot, name: &str) -> Parsed<Part> {
        match name {
            "float" | "int" | "abs" | "ceil" | "floor" | "round" => {
                let part = self.choice()?;
                if !part.kind.is_number() {
                    return Err(spot.fault(format!("{name} takes a number")));
                }
                self.expect(")")?;
                let kind = part.kind;
                Ok(match name {
                    "float" => Part { kind: Kind::Float, ..part },
                    "int" if kind == Kind::Whole => part,
                    "int" => part.apply(Op::Trunc, Kind::Whole),
                    "abs" => part.apply(Op::Abs, kind),
                    "ceil" => part.apply(Op::Ceil, Kind::Float),
                    "floor" => part.apply(Op::Floor, Kind::Float),
                    _ => part.apply(Op::Round, Kind::Float),
                })
            }
            "min" | "max" | "mean" | "sum" => {
                let mut items = self.items()?;
                if name == "sum" && self.takes(",") {
                    items = self.each(&items)?;
                }
                self.expect(")")?;
                self.fold(spot, name, items)
            }
            "len" => {
                let items = self.list()?;
                self.expect(")")?;
                Ok(Part::one(Op::Const(items.len() as f64), Kind::Whole))
            }
            "count" | "any" | "all" | "none" | "one" => {
                let mut items = self.list()?;
                if self.takes(",") {
                    items = self.each(&items)?;
                }
                self.expect(")")?;
                Self::tally(spot, name, items)
            }
            _ => {
                let known = [
                    "float", "int", "abs", "ceil", "floor", "round", "min", "max", "mean", "sum", "len", "count",
                    "any", "all", "none", "one",
                ];
                let hint = nearest(name, known).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
                Err(spot.fault(format!("the function {} is not known here{hint}", quoted(name))))
            }
        }
    }

    /// Numbers, one by one or as lists.
    fn items(&mut self) -> Parsed<Vec<Part>> {
        let mut items = Vec::new();
        loop {
            if matches!(self.peek().token, Token::Sign("[")) {
                items.extend(self.list()?);
                // A predicate may follow a list.
                return Ok(items);
            }
            items.push(self.choice()?);
            if !self.takes(",") {
                return Ok(items);
            }
        }
    }

    fn list(&mut self) -> Parsed<Vec<Part>> {
        self.expect("[")?;
        let mut items = Vec::new();
        while !self.takes("]") {
            if !items.is_empty() {
                self.expect(",")?;
            }
            items.push(self.choice()?);
        }
        Ok(items)
    }

    /// The predicate after a list, for every element: read once for each, with `#` bound to it.
    fn each(&mut self, items: &[Part]) -> Parsed<Vec<Part>> {
        let from = self.at;
        let before = self.element.take();
        let mut results = Vec::new();
        // Of an empty list it is read once, to be checked and passed.
        let any = Part::one(Op::Const(0.0), Kind::Float);
        let elements = if items.is_empty() { std::slice::from_ref(&any) } else { items };
        for element in elements {
            self.at = from;
            self.element = Some(element.clone());
            let braced = self.takes("{");
            results.push(self.choice()?);
            if braced {
                self.expect("}")?;
            }
        }
        self.element = before;
        results.truncate(items.len());
        Ok(results)
    }

    fn fold(&self, spot: &Spot, name: &str, items: Vec<Part>) -> Parsed<Part> {
        let count = items.len();
        let mut all: Option<Part> = None;
        for item in items {
            if !item.kind.is_number() {
                return Err(spot.fault(format!("{name} takes numbers")));
            }
            all = Some(match all {
                None => item,
                Some(left) => {
                    let whole = left.kind == Kind::Whole && item.kind == Kind::Whole;
                    let op = match name {
                        "min" => Op::Min,
                        "max" => Op::Max,
                        _ => Op::Add,
                    };
                    left.then(item, op, if whole { Kind::Whole } else { Kind::Float })
                }
            });
        }
        let Some(part) = all else {
            return match name {
                "sum" => Ok(Part::one(Op::Const(0.0), Kind::Whole)),
                _ => Err(spot.fault(format!("{name} of nothing"))),
            };
        };
        let divisor = Part::one(Op::Const(count as f64), Kind::Whole);
        Ok(if name == "mean" { part.then(divisor, Op::Divide, Kind::Float) } else { part })
    }

    fn tally(spot: &Spot, name: &str, items: Vec<Part>) -> Parsed<Part> {
        let mut all = Part::one(Op::Const(0.0), Kind::Whole);
        let total = items.len() as f64;
        for item in items {
            if item.kind != Kind::Truth {
                return Err(spot.fault(format!("{name} takes a list and what is true of an element, as `# > 1`")));
            }
            all = all.then(item.apply(Op::Count, Kind::Whole), Op::Add, Kind::Whole);
        }
        let number = |value| Part::one(Op::Const(value), Kind::Whole);
        Ok(match name {
            "count" => all,
            "any" => all.then(number(0.0), Op::Greater, Kind::Truth),
            "all" => all.then(number(total), Op::Equal, Kind::Truth),
            "none" => all.then(number(0.0), Op::Equal, Kind::Truth),
            _ => all.then(number(1.0), Op::Equal, Kind::Truth),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_core::queue::formula::Value;
    use proptest::prelude::*;

    const NAMES: [&str; 3] = ["kafka", "rabbit", "cron"];

    fn value(text: &str, values: [Option<f64>; 3]) -> Value {
        let formula = Formula::parse(text, &NAMES).unwrap_or_else(|error| panic!("{text}: {error}"));
        formula.program().expect("checked").run(&values)
    }

    #[test]
    fn formulas_are_read_with_the_precedence_of_expr_lang() {
        let values = [Some(10.0), Some(4.0), None];
        let cases = [
            ("kafka + rabbit * 2", 18.0),
            ("(kafka + rabbit) * 2", 28.0),
            ("kafka - rabbit - 1", 5.0),
            ("2 ** 3 ** 2", 512.0),
            ("-2 ** 2", -4.0),
            ("cron ?? kafka + 1", 11.0),
            ("kafka / 4", 2.5),
            ("7 / 2", 3.5),
            ("int(kafka) % 4", 2.0),
            ("kafka > 5 ? kafka : rabbit", 10.0),
            ("kafka < 5 || rabbit == 4 && true ? 1 : 0", 1.0),
            ("kafka < 5 ? 1 : kafka < 50 ? 2 : 3", 2.0),
            ("cron == nil ? kafka : kafka + cron", 10.0),
            ("not (kafka > 5) ? 1 : 2", 2.0),
            ("!(kafka > 5) or false ? 1 : 2", 2.0),
            ("min(kafka, rabbit, 3)", 3.0),
            ("max([kafka, rabbit])", 10.0),
            ("mean([kafka, rabbit])", 7.0),
            ("sum([kafka, rabbit, 1])", 15.0),
            ("sum([kafka, rabbit], # * 2)", 28.0),
            ("count([kafka, rabbit], {# > 5}) > 1 ? 5 : 0.5", 0.5),
            ("all([kafka, rabbit], # > 1) && none([kafka], # < 1) ? len([1, 2]) : 0", 2.0),
            ("any([], # > 1) ? 1 : 2", 2.0),
            ("let both = kafka + rabbit; both > 13 ? both : 0", 14.0),
            ("float(let x = kafka; x * x)", 100.0),
            ("ceil(kafka / 3) + floor(2.9) + round(2.5) + abs(-1)", 10.0),
            ("1_000 + .5 + 1e2 + 2.", 1102.5),
            ("+kafka - -rabbit", 14.0),
        ];
        for (text, expected) in cases {
            assert_eq!(value(text, values), Value::Number(expected), "{text}");
        }
        assert_eq!(value("cron ?? nil", values), Value::Nil);
        assert_eq!(value("cron + 1", values), Value::Failed);
        assert_eq!(value("kafka / 0", values), Value::Number(f64::INFINITY));
        assert_eq!(value(&cast("cron ?? kafka"), values), Value::Number(10.0));
        assert_eq!(value(&cast("cron ?? cron"), values), Value::Nil);
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_place() {
        let cases = [
            ("kafka +", "formula, character 8: expected a number, a trigger or `(`, found the end"),
            ("kafak + 1", "formula, character 1: there is no trigger with the name \"kafak\"; did you mean \"kafka\"?"),
            ("kafka rabbit", "formula, character 7: expected the end of the formula, found \"rabbit\""),
            ("1 + kafka > 2", "formula, character 1: gives true or false, not a number: use `… ? 1 : 0`"),
            ("kafka % 2", "formula, character 7: `%` takes whole numbers only: use int(…)"),
            ("kafka ? 1 : 2", "formula, character 1: what stands before `?` is not true or false"),
            ("kafka && true", "formula, character 7: `&&` takes true or false on both sides"),
            ("mex(kafka)", "formula, character 1: the function \"mex\" is not known here; did you mean max?"),
            ("\u{e4}\u{e4} + \"a\"", "formula, character 6: \"\\\"\" is of no use in a formula of numbers"),
            ("#", "formula, character 1: `#` stands for an element of a list, and there is none here"),
            (
                "kafka > 1 ? 2 : true",
                "formula, character 1: may be a number, or true or false: it has to be one of them",
            ),
            ("0x10", "formula, character 1: \"0x\" is not a decimal number"),
            ("(kafka", "formula, character 7: expected `)`, found the end"),
            ("", "formula, character 1: expected a number, a trigger or `(`, found the end"),
        ];
        for (text, expected) in cases {
            assert_eq!(
                Formula::parse(text, &NAMES).map_err(|error| error.to_string()),
                Err(expected.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn deep_and_exploding_formulas_are_refused() {
        let deep = format!("{}1{}", "(".repeat(5000), ")".repeat(5000));
        assert!(Formula::parse(&deep, &NAMES).is_err());
        assert!(Formula::parse(&format!("{}1", "-".repeat(5000)), &NAMES).is_err());
        let mut doubled = "let a0 = kafka;".to_owned();
        for at in 1..40 {
            doubled += &format!("let a{at} = a{} + a{};", at - 1, at - 1);
        }
        assert!(Formula::parse(&format!("{doubled} a39"), &NAMES).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[ a-z0-9+*/%<>=!?:().,;{}#\\[\\]|&é-]{0,60}") {
            let _ = Formula::parse(&text, &NAMES);
        }

        #[test]
        fn no_mixture_of_words_panics(words in prop::collection::vec(prop::sample::select(vec![
            "kafka", "rabbit", "1", "2.5", "+", "-", "*", "/", "%", "**", "??", "==", "<", ">", "&&", "||", "!", "?", ":", "(",
            ")", "[", "]", ",", "let x =", ";", "x", "#", "{", "}", "min(", "sum(", "count(", "nil", "true", "not", "int(",
        ]), 0..30)) {
            if let Ok(formula) = Formula::parse(&words.join(" "), &NAMES) {
                let _ = formula.program().expect("checked").run(&[Some(1.0), None, Some(-1.0)]);
            }
        }
    }
}
