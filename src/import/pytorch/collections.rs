//! `defaultdict` and `deque` beside weights: training loops keep their histories in them, and the reader takes neither.
//! In a pickle both are a call, followed by their items; here the call gives way to an empty dict or list.
//!
//! A pickle is a program for a stack machine (CPython, Lib/pickletools.py). Which call is meant is known by following
//! what lies on the stack.

use std::collections::HashMap;

/// What lies on the stack, as far as it matters.
#[derive(Clone, PartialEq)]
enum Item {
    Mark,
    Text(String),
    /// The class `collections.defaultdict` or `collections.deque`, by the opcode that makes its plain counterpart.
    Collection(u8),
    Other,
}

const EMPTY_DICT: u8 = b'}';
const EMPTY_LIST: u8 = b']';
const POP: u8 = b'0';

/// The pickle without calls of `defaultdict` and `deque`; none where it has none, or is no pickle.
pub fn with_plain_collections(pickle: &[u8]) -> Option<Vec<u8>> {
    let mut machine = Machine { rest: pickle, stack: Vec::new(), memo: HashMap::new() };
    let (mut replaced, mut copied, mut any) = (Vec::new(), 0, false);
    loop {
        let at = pickle.len() - machine.rest.len();
        let opcode = machine.take(1)?[0];
        if opcode == b'.' {
            break;
        }
        if opcode == b'R' {
            let callable = machine.stack.iter().rev().nth(1)?;
            if let Item::Collection(empty) = *callable {
                replaced.extend_from_slice(&pickle[copied..at]);
                replaced.extend([POP, POP, empty]);
                (copied, any) = (at + 1, true);
            }
        }
        machine.run(opcode)?;
    }
    replaced.extend_from_slice(&pickle[copied..]);
    any.then_some(replaced)
}

struct Machine<'a> {
    rest: &'a [u8],
    stack: Vec<Item>,
    memo: HashMap<u64, Item>,
}

impl<'a> Machine<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn line(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.iter().position(|&byte| byte == b'\n')?;
        let line = self.take(end)?;
        self.take(1)?;
        Some(line)
    }

    /// A number of `size` bytes, the lowest first.
    fn number(&mut self, size: usize) -> Option<u64> {
        Some(self.take(size)?.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    /// Bytes behind their length.
    fn counted(&mut self, size: usize) -> Option<&'a [u8]> {
        let length = self.number(size)?;
        self.take(usize::try_from(length).ok()?)
    }

    fn push(&mut self, item: Item) -> Option<()> {
        self.stack.push(item);
        Some(())
    }

    fn pop(&mut self, count: usize) -> Option<()> {
        let left = self.stack.len().checked_sub(count)?;
        self.stack.truncate(left);
        Some(())
    }

    fn pop_to_mark(&mut self) -> Option<()> {
        let mark = self.stack.iter().rposition(|item| *item == Item::Mark)?;
        self.stack.truncate(mark);
        Some(())
    }

    /// Replaces `count` items by one.
    fn combine(&mut self, count: usize) -> Option<()> {
        self.pop(count)?;
        self.push(Item::Other)
    }

    fn text(&mut self, bytes: &[u8]) -> Option<()> {
        self.push(Item::Text(String::from_utf8_lossy(bytes).into_owned()))
    }

    fn global(&mut self, module: &str, name: &str) -> Option<()> {
        self.push(match (module, name) {
            ("collections", "defaultdict") => Item::Collection(EMPTY_DICT),
            ("collections", "deque") => Item::Collection(EMPTY_LIST),
            _ => Item::Other,
        })
    }

    fn recall(&mut self, index: u64) -> Option<()> {
        let item = self.memo.get(&index)?.clone();
        self.push(item)
    }

    fn remember(&mut self, index: u64) -> Option<()> {
        self.memo.insert(index, self.stack.last()?.clone());
        Some(())
    }

    fn run(&mut self, opcode: u8) -> Option<()> {
        let index = |line: &[u8]| std::str::from_utf8(line).ok()?.trim().parse().ok();
        match opcode {
            // Protocol and frame say nothing of the stack.
            0x80 => self.take(1).map(drop),
            0x95 => self.take(8).map(drop),
            b'(' => self.push(Item::Mark),
            b'0' => self.pop(1),
            b'1' => self.pop_to_mark(),
            b'2' => self.stack.last().cloned().and_then(|item| self.push(item)),
            // Values.
            b'N' | 0x88 | 0x89 | b']' | b'}' | b')' | 0x8f => self.push(Item::Other),
            b'I' | b'L' | b'F' | b'S' | b'P' => self.line().and_then(|_| self.push(Item::Other)),
            b'V' => self.line().and_then(|line| self.text(line)),
            b'J' => self.take(4).and_then(|_| self.push(Item::Other)),
            b'K' => self.take(1).and_then(|_| self.push(Item::Other)),
            b'M' => self.take(2).and_then(|_| self.push(Item::Other)),
            b'G' => self.take(8).and_then(|_| self.push(Item::Other)),
            b'U' | 0x8c => self.counted(1).and_then(|text| self.text(text)),
            b'T' | b'X' => self.counted(4).and_then(|text| self.text(text)),
            0x8d => self.counted(8).and_then(|text| self.text(text)),
            0x8a | b'C' => self.counted(1).and_then(|_| self.push(Item::Other)),
            0x8b | b'B' => self.counted(4).and_then(|_| self.push(Item::Other)),
            0x8e | 0x96 => self.counted(8).and_then(|_| self.push(Item::Other)),
            // Classes and calls.
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.global(std::str::from_utf8(module).ok()?, std::str::from_utf8(name).ok()?)
            }
            0x93 => match &self.stack[self.stack.len().checked_sub(2)?..] {
                [Item::Text(module), Item::Text(name)] => {
                    let (module, name) = (module.clone(), name.clone());
                    self.pop(2)?;
                    self.global(&module, &name)
                }
                _ => self.combine(2),
            },
            b'R' | 0x81 | 0x86 => self.combine(2),
            0x92 | 0x87 => self.combine(3),
            0x85 | b'Q' => self.combine(1),
            // Items into their collection, and state into its object.
            b'b' | b'a' => self.pop(1),
            b's' => self.pop(2),
            b'e' | b'u' | 0x90 => self.pop_to_mark(),
            b'd' | b'l' | b't' | 0x91 => self.pop_to_mark().and_then(|()| self.push(Item::Other)),
            // The memo.
            b'g' => self.line().and_then(index).and_then(|index| self.recall(index)),
            b'h' => self.number(1).and_then(|index| self.recall(index)),
            b'j' => self.number(4).and_then(|index| self.recall(index)),
            b'p' => self.line().and_then(index).and_then(|index| self.remember(index)),
            b'q' => self.number(1).and_then(|index| self.remember(index)),
            b'r' => self.number(4).and_then(|index| self.remember(index)),
            0x94 => self.remember(self.memo.len() as u64),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `pickle.dumps({"a": defaultdict(list, {"x": 1}), "b": defaultdict(list), "c": deque([1.0], 5)}, protocol=2)`.
    const PICKLE: &[u8] = b"\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01ccollections\ndefaultdict\nq\x02c__builtin__\nlist\nq\x03\
        \x85q\x04Rq\x05X\x01\x00\x00\x00xq\x06K\x01sX\x01\x00\x00\x00bq\x07h\x02h\x03\x85q\x08Rq\x09X\x01\x00\x00\x00cq\n\
        ccollections\ndeque\nq\x0b]q\x0cK\x05\x86q\rRq\x0eG?\xf0\x00\x00\x00\x00\x00\x00au.";

    #[test]
    fn calls_of_collections_give_way_to_plain_ones_and_their_items_stay() {
        let plain = with_plain_collections(PICKLE).unwrap();
        let is_call = |bytes: &[u8]| bytes.windows(2).filter(|pair| pair == b"Rq").count();
        assert_eq!((is_call(PICKLE), is_call(&plain)), (3, 0));
        assert_eq!(plain.windows(3).filter(|bytes| bytes == b"00}").count(), 2);
        assert_eq!(plain.windows(3).filter(|bytes| bytes == b"00]").count(), 1);
        assert_eq!(plain.len(), PICKLE.len() + 6);
        assert!(with_plain_collections(&plain).is_none());
    }

    #[test]
    fn broken_pickles_are_left_to_the_reader() {
        for end in 0..PICKLE.len() {
            assert!(with_plain_collections(&PICKLE[..end]).is_none(), "{end}");
        }
        assert!(with_plain_collections(b"\x80\x02R.").is_none());
    }
}
