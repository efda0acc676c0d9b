//! A part of a scene's windows, so that several processes or machines can share one map.

use std::ops::Range;
use std::str::FromStr;

use anyhow::{Context, Error, Result, ensure};

/// The part `number` of `of`, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    number: usize,
    of: usize,
}

impl FromStr for Part {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let numbers = || {
            let (number, of) = text.split_once('/')?;
            Some((number.parse().ok()?, of.parse().ok()?))
        };
        let (number, of) =
            numbers().with_context(|| format!("`{text}` is no part: write 3/16 for the third of sixteen"))?;
        ensure!((1..=of).contains(&number), "{of} parts are numbered from 1 to {of}");
        Ok(Self { number, of })
    }
}

impl Part {
    /// All of it.
    pub const WHOLE: Self = Self { number: 1, of: 1 };

    /// How many parts there are.
    pub fn of(self) -> usize {
        self.of
    }

    /// The windows of this part, of so many in all: whole rows but for the first and the last, so that parts decode few
    /// blocks twice. They depend on nothing but these numbers, so that all machines agree on them.
    pub fn windows(self, all: usize) -> Range<usize> {
        let until = |parts: usize| (all as u128 * parts as u128 / self.of as u128) as usize;
        until(self.number - 1)..until(self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_each_window_once() {
        for (windows, of) in [(10, 3), (3, 10), (0, 2), (1_000_000, 7)] {
            let mut next = 0;
            for number in 1..=of {
                let part = Part { number, of }.windows(windows);
                assert_eq!(part.start, next, "{number} of {of}");
                next = part.end;
            }
            assert_eq!(next, windows);
        }
    }

    #[test]
    fn what_is_no_part_is_refused() {
        assert_eq!("3/16".parse::<Part>().unwrap(), Part { number: 3, of: 16 });
        for wrong in ["3", "0/4", "5/4", "0/0", "a/b", "-1/4", ""] {
            assert!(wrong.parse::<Part>().is_err(), "{wrong}");
        }
    }
}
