//! A formula over triggers, as a small postfix program.
//!
//! Text is for the adapter; here is what is left of it: operations on a stack, checked once for their operands, so
//! that running one cannot fail for want of them. Every operand is computed, also of a branch that is not taken: a
//! failure only counts where it is used.
//!
//! ```
//! use plimsoll_core::queue::formula::{Op, Program, Value};
//!
//! // kafka > 100 ? kafka : 2 * rabbit
//! const OPS: [Op; 8] = [
//!     Op::Trigger(0), Op::Const(100.0), Op::Greater, Op::Trigger(0), Op::Const(2.0), Op::Trigger(1), Op::Multiply,
//!     Op::Select,
//! ];
//! let program = Program::new(&OPS)?;
//! assert_eq!(program.run(&[Some(50.0), Some(3.0)]), Value::Number(6.0));
//! # Ok::<(), plimsoll_core::error::ConfigError>(())
//! ```

use heapless::Vec;

use crate::error::{ConfigError, Problem};
use crate::math;

/// The deepest stack that a program may need.
pub const MOST_DEPTH: usize = 64;

/// One operation. Operands are taken from the stack, the last one from its top; the result is put there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    /// A number.
    Const(f64),
    /// True or false.
    Truth(bool),
    /// No value.
    Nil,
    /// The value of the trigger of this number; nil when it is in a fallback that says so.
    Trigger(u16),
    /// −a
    Negate,
    /// a + b
    Add,
    /// a − b
    Subtract,
    /// a × b
    Multiply,
    /// a ÷ b, as floats: by 0 it is infinite, 0 by 0 no number.
    Divide,
    /// The rest of a ÷ b, with the sign of a, of their whole parts; fails when b is 0.
    Remainder,
    /// a to the power of b.
    Power,
    /// The smaller of two.
    Min,
    /// The greater of two.
    Max,
    /// |a|
    Abs,
    /// The next whole number up.
    Ceil,
    /// The next whole number down.
    Floor,
    /// The nearest whole number, a tie away from zero.
    Round,
    /// Without the fraction.
    Trunc,
    /// a < b
    Less,
    /// a ≤ b
    LessOrEqual,
    /// a > b
    Greater,
    /// a ≥ b
    GreaterOrEqual,
    /// a = b; nil is equal to nil only.
    Equal,
    /// Not equal.
    NotEqual,
    /// Both; b is not looked at when a is false.
    And,
    /// Either; b is not looked at when a is true.
    Or,
    /// Not a.
    Not,
    /// Of condition, a, b: a when the condition is true, else b.
    Select,
    /// Of a, b: a, or b when a is nil.
    Coalesce,
    /// 1 for true, 0 for false: what counting adds up.
    Count,
}

impl Op {
    /// Operands taken.
    #[must_use]
    pub const fn operands(self) -> usize {
        match self {
            Self::Const(_) | Self::Truth(_) | Self::Nil | Self::Trigger(_) => 0,
            Self::Negate | Self::Abs | Self::Ceil | Self::Floor | Self::Round | Self::Trunc => 1,
            Self::Not | Self::Count => 1,
            Self::Add | Self::Subtract | Self::Multiply | Self::Divide | Self::Remainder | Self::Power => 2,
            Self::Min | Self::Max | Self::And | Self::Or | Self::Coalesce => 2,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => 2,
            Self::Equal | Self::NotEqual => 2,
            Self::Select => 3,
        }
    }
}

/// What an operation gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A number.
    Number(f64),
    /// True or false.
    Truth(bool),
    /// No value.
    Nil,
    /// No operation can be done on what was given: nil plus a number, say.
    Failed,
}

/// A program whose stack never runs empty, never grows beyond [`MOST_DEPTH`], and ends with one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Program<'a> {
    ops: &'a [Op],
    triggers: u16,
}

impl<'a> Program<'a> {
    /// Checks the operations. O(ops).
    ///
    /// # Errors
    /// The number of the first operation without operands, or that is too deep; or how many values are left over.
    pub const fn new(ops: &'a [Op]) -> Result<Self, ConfigError> {
        if ops.is_empty() {
            return Err(ConfigError::new("formula", 0, Problem::Empty));
        }
        let (mut depth, mut triggers) = (0_usize, 0_u16);
        let mut rest = ops;
        while let [op, tail @ ..] = rest {
            let Some(left) = depth.checked_sub(op.operands()) else {
                return Err(ConfigError::new(
                    "operands of a formula",
                    depth as i64,
                    Problem::AtLeast(op.operands() as i64),
                ));
            };
            depth = left.saturating_add(1);
            if depth > MOST_DEPTH {
                return Err(ConfigError::new("depth of a formula", depth as i64, Problem::AtMost(MOST_DEPTH as i64)));
            }
            if let Op::Trigger(index) = op
                && *index >= triggers
            {
                triggers = index.saturating_add(1);
            }
            rest = tail;
        }
        if depth != 1 {
            return Err(ConfigError::new("results of a formula", depth as i64, Problem::AtMost(1)));
        }
        Ok(Self { ops, triggers })
    }

    /// Triggers that it needs: one more than the highest number in it.
    #[must_use]
    pub const fn triggers(&self) -> u16 {
        self.triggers
    }

    /// The operations.
    #[must_use]
    pub const fn ops(&self) -> &'a [Op] {
        self.ops
    }

    /// Runs it on the triggers' values, by number; `None` is nil. O(ops).
    #[must_use]
    pub fn run(&self, values: &[Option<f64>]) -> Value {
        self.run_with(|trigger| values.get(usize::from(trigger)).copied().flatten())
    }

    /// The same with a closure that knows the values.
    #[must_use]
    pub fn run_with(&self, value_of: impl Fn(u16) -> Option<f64>) -> Value {
        let mut stack = Vec::<Value, MOST_DEPTH>::new();
        for op in self.ops {
            let value = match op.operands() {
                0 => operand(*op, &value_of),
                1 => {
                    let a = stack.pop().unwrap_or(Value::Failed);
                    unary(*op, a)
                }
                2 => {
                    let (b, a) = (stack.pop().unwrap_or(Value::Failed), stack.pop().unwrap_or(Value::Failed));
                    binary(*op, a, b)
                }
                _ => {
                    let (b, a) = (stack.pop().unwrap_or(Value::Failed), stack.pop().unwrap_or(Value::Failed));
                    match stack.pop() {
                        Some(Value::Truth(true)) => a,
                        Some(Value::Truth(false)) => b,
                        _ => Value::Failed,
                    }
                }
            };
            let _fits = stack.push(value);
        }
        stack.pop().unwrap_or(Value::Failed)
    }
}

fn operand(op: Op, value_of: &impl Fn(u16) -> Option<f64>) -> Value {
    match op {
        Op::Const(number) => Value::Number(number),
        Op::Truth(truth) => Value::Truth(truth),
        Op::Nil => Value::Nil,
        Op::Trigger(index) => value_of(index).map_or(Value::Nil, Value::Number),
        _ => Value::Failed,
    }
}

fn unary(op: Op, a: Value) -> Value {
    match (op, a) {
        (Op::Not, Value::Truth(a)) => Value::Truth(!a),
        (Op::Count, Value::Truth(a)) => Value::Number(if a { 1.0 } else { 0.0 }),
        (Op::Negate, Value::Number(a)) => Value::Number(-a),
        (Op::Abs, Value::Number(a)) => Value::Number(if a < 0.0 { -a } else { a }),
        (Op::Ceil, Value::Number(a)) => Value::Number(math::ceil(a)),
        (Op::Floor, Value::Number(a)) => Value::Number(math::floor(a)),
        (Op::Round, Value::Number(a)) => Value::Number(math::round(a)),
        (Op::Trunc, Value::Number(a)) => Value::Number(math::trunc(a)),
        _ => Value::Failed,
    }
}

fn binary(op: Op, a: Value, b: Value) -> Value {
    use Value::{Failed, Nil, Number, Truth};
    match (op, a, b) {
        (Op::Coalesce, Nil, b) => b,
        (Op::Coalesce, a, _) => a,
        (Op::And, Truth(false), _) => Truth(false),
        (Op::And, Truth(true), Truth(b)) => Truth(b),
        (Op::Or, Truth(true), _) => Truth(true),
        (Op::Or, Truth(false), Truth(b)) => Truth(b),
        (Op::Equal | Op::NotEqual, Failed, _) | (Op::Equal | Op::NotEqual, _, Failed) => Failed,
        (Op::Equal, a, b) => Truth(a == b),
        (Op::NotEqual, a, b) => Truth(a != b),
        (op, Number(a), Number(b)) => match op {
            Op::Add => Number(a + b),
            Op::Subtract => Number(a - b),
            Op::Multiply => Number(a * b),
            Op::Divide => Number(a / b),
            Op::Remainder => {
                let (a, b) = (math::trunc(a), math::trunc(b));
                if b == 0.0 { Failed } else { Number(a % b) }
            }
            Op::Power => Number(math::pow(a, b)),
            Op::Min => Number(if b < a { b } else { a }),
            Op::Max => Number(if b > a { b } else { a }),
            Op::Less => Truth(a < b),
            Op::LessOrEqual => Truth(a <= b),
            Op::Greater => Truth(a > b),
            Op::GreaterOrEqual => Truth(a >= b),
            _ => Failed,
        },
        _ => Failed,
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec as StdVec;

    #[test]
    fn a_failure_counts_only_where_it_is_used() {
        let run = |ops: &[Op], values: &[Option<f64>]| Program::new(ops).unwrap().run(values);
        let nil_plus_one = [Op::Trigger(0), Op::Const(1.0), Op::Add];
        assert_eq!(run(&nil_plus_one, &[None]), Value::Failed);
        // a == nil ? 7 : a + 1
        let guarded =
            [Op::Trigger(0), Op::Nil, Op::Equal, Op::Const(7.0), Op::Trigger(0), Op::Const(1.0), Op::Add, Op::Select];
        assert_eq!(run(&guarded, &[None]), Value::Number(7.0));
        assert_eq!(run(&guarded, &[Some(1.0)]), Value::Number(2.0));
        let coalesce = [Op::Trigger(0), Op::Trigger(1), Op::Coalesce];
        assert_eq!(run(&coalesce, &[None, None]), Value::Nil);
        assert_eq!(run(&coalesce, &[None, Some(3.0)]), Value::Number(3.0));
        assert_eq!(run(&[Op::Trigger(4)], &[]), Value::Nil);
    }

    #[test]
    fn programs_that_cannot_run_cannot_be_built() {
        assert!(Program::new(&[]).is_err());
        assert!(Program::new(&[Op::Add]).is_err());
        assert!(Program::new(&[Op::Nil, Op::Nil]).is_err());
        assert!(Program::new(&[Op::Nil; MOST_DEPTH + 1]).is_err());
    }

    fn op() -> impl Strategy<Value = Op> {
        let values = prop_oneof![any::<f64>().prop_map(Op::Const), (0u16..3).prop_map(Op::Trigger), Just(Op::Nil)];
        let others = prop::sample::select(std::vec![
            Op::Truth(true),
            Op::Negate,
            Op::Add,
            Op::Subtract,
            Op::Multiply,
            Op::Divide,
            Op::Remainder,
            Op::Power,
            Op::Min,
            Op::Max,
            Op::Abs,
            Op::Ceil,
            Op::Floor,
            Op::Round,
            Op::Trunc,
            Op::Less,
            Op::LessOrEqual,
            Op::Greater,
            Op::GreaterOrEqual,
            Op::Equal,
            Op::NotEqual,
            Op::And,
            Op::Or,
            Op::Not,
            Op::Select,
            Op::Coalesce,
            Op::Count,
        ]);
        prop_oneof![2 => values, 1 => others]
    }

    proptest! {
        #[test]
        fn no_program_that_was_accepted_panics(ops in prop::collection::vec(op(), 1..40)) {
            // Most random programs leave too much; what is missing is coalesced.
            let mut ops: StdVec<Op> = ops;
            if let Err(error) = Program::new(&ops)
                && error.field == "results of a formula"
            {
                for _ in 1..error.given { ops.push(Op::Coalesce); }
            }
            if let Ok(program) = Program::new(&ops) {
                let _ = program.run(&[Some(1.0), None]);
            }
        }
    }
}
