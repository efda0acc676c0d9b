//! Python's pickles, as far as weights need them. A pickle is a program for a stack machine (CPython,
//! Lib/pickletools.py); here it is followed, and nothing that it calls is ever run.
//!
//! Values lie in one list and are known by their places. However deep or often a hostile pickle puts them into one
//! another, they take as much memory as the pickle has bytes, and are dropped without recursion.

use std::collections::HashMap;
use std::str;

/// A value on the stack.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    Mark,
    Number(i64),
    Text(&'a str),
    /// A class or function: its module and its name.
    Global(&'a str, &'a str),
    /// The place of a container.
    Place(usize),
    /// What no weight needs.
    Other,
}

/// What lies in the list.
#[derive(Debug, Clone, PartialEq)]
pub enum Container<'a> {
    /// A list, a tuple or a set.
    Sequence(Vec<Value<'a>>),
    /// A dictionary, or an object with its attributes.
    Map(Vec<(Value<'a>, Value<'a>)>),
    /// What lies outside the pickle, by the words that it is known by.
    Outside(Value<'a>),
    /// A call of a function of PyTorch's: its name and its arguments.
    Call(&'a str, Value<'a>),
}

/// A pickle that was followed to its end.
pub struct Pickle<'a> {
    pub root: Value<'a>,
    pub containers: Vec<Container<'a>>,
    /// How many bytes it has.
    pub length: usize,
}

impl<'a> Pickle<'a> {
    /// None where the bytes are no pickle, or one that uses what no checkpoint does.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut machine = Machine {
            rest: bytes,
            stack: Vec::new(),
            memo: HashMap::new(),
            containers: Vec::new(),
            copies: bytes.len(),
        };
        loop {
            let opcode = machine.take(1)?[0];
            if opcode == b'.' {
                break;
            }
            machine.run(opcode)?;
        }
        let length = bytes.len() - machine.rest.len();
        Some(Self { root: machine.pop()?, containers: machine.containers, length })
    }

    /// The items of a list or tuple.
    pub fn sequence(&self, value: Value) -> Option<&[Value<'a>]> {
        sequence(&self.containers, value)
    }
}

fn sequence<'c, 'a>(containers: &'c [Container<'a>], value: Value) -> Option<&'c [Value<'a>]> {
    match value {
        Value::Place(place) => match &containers[place] {
            Container::Sequence(items) => Some(items),
            _ => None,
        },
        _ => None,
    }
}

struct Machine<'a> {
    rest: &'a [u8],
    stack: Vec<Value<'a>>,
    memo: HashMap<u64, Value<'a>>,
    containers: Vec<Container<'a>>,
    /// Items that may still be copied from one container to another: as many as the pickle has bytes.
    copies: usize,
}

impl<'a> Machine<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn line(&mut self) -> Option<&'a str> {
        let end = self.rest.iter().position(|&byte| byte == b'\n')?;
        let line = self.take(end)?;
        self.take(1)?;
        str::from_utf8(line).ok()
    }

    /// A number of `size` bytes, the lowest first.
    fn unsigned(&mut self, size: usize) -> Option<u64> {
        Some(self.take(size)?.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    /// Bytes behind their length.
    fn counted(&mut self, size: usize) -> Option<&'a [u8]> {
        let length = self.unsigned(size)?;
        self.take(usize::try_from(length).ok()?)
    }

    fn push(&mut self, value: Value<'a>) -> Option<()> {
        self.stack.push(value);
        Some(())
    }

    fn pop(&mut self) -> Option<Value<'a>> {
        self.stack.pop()
    }

    /// What lies above the last mark, which goes too.
    fn pop_to_mark(&mut self) -> Option<Vec<Value<'a>>> {
        let mark = self.stack.iter().rposition(|value| *value == Value::Mark)?;
        let above = self.stack.split_off(mark + 1);
        self.stack.pop();
        Some(above)
    }

    fn text(&mut self, bytes: &'a [u8]) -> Option<()> {
        self.push(str::from_utf8(bytes).map_or(Value::Other, Value::Text))
    }

    fn put(&mut self, container: Container<'a>) -> Option<()> {
        self.containers.push(container);
        self.push(Value::Place(self.containers.len() - 1))
    }

    fn tuple(&mut self, count: usize) -> Option<()> {
        let items = self.stack.split_off(self.stack.len().checked_sub(count)?);
        self.put(Container::Sequence(items))
    }

    /// Adds to the list on top of the stack, if it is one.
    fn append(&mut self, items: Vec<Value<'a>>) -> Option<()> {
        if let Value::Place(place) = *self.stack.last()?
            && let Container::Sequence(list) = &mut self.containers[place]
        {
            list.extend(items);
        }
        Some(())
    }

    /// Adds keys and values to the dictionary on top of the stack, if it is one.
    fn set_items(&mut self, items: Vec<Value<'a>>) -> Option<()> {
        if let Value::Place(place) = *self.stack.last()?
            && let Container::Map(map) = &mut self.containers[place]
        {
            map.extend(items.chunks_exact(2).map(|pair| (pair[0], pair[1])));
        }
        Some(())
    }

    /// A call: weights come of PyTorch's own functions, and all other objects are as good as dictionaries.
    fn call(&mut self) -> Option<()> {
        let (arguments, callable) = (self.pop()?, self.pop()?);
        match callable {
            Value::Global("torch._utils" | "torch._tensor", name) => {
                self.put(Container::Call(name, arguments))
            }
            Value::Global("torch", "Size") => self.first_or_map(arguments),
            Value::Global("collections", "deque")
            | Value::Global(_, "list" | "set" | "tuple" | "frozenset") => {
                self.put(Container::Sequence(Vec::new()))
            }
            // The pairs that an ordered dictionary may be made of.
            Value::Global("collections", "OrderedDict") => {
                let pairs = self.pairs(arguments);
                self.copies = self.copies.checked_sub(pairs.len())?;
                self.put(Container::Map(pairs))
            }
            _ => self.put(Container::Map(Vec::new())),
        }
    }

    fn items(&self, value: Value<'a>) -> &[Value<'a>] {
        sequence(&self.containers, value).unwrap_or_default()
    }

    fn first_or_map(&mut self, arguments: Value<'a>) -> Option<()> {
        let first = self.items(arguments).first().copied();
        match first {
            Some(value) => self.push(value),
            None => self.put(Container::Map(Vec::new())),
        }
    }

    fn pairs(&self, arguments: Value<'a>) -> Vec<(Value<'a>, Value<'a>)> {
        let Some(&list) = self.items(arguments).first() else { return Vec::new() };
        let pair = |item: &Value<'a>| match self.items(*item) {
            &[key, value] => Some((key, value)),
            _ => None,
        };
        self.items(list).iter().filter_map(pair).collect()
    }

    /// Gives an object its attributes, or a dictionary such beside its items.
    fn build(&mut self) -> Option<()> {
        let state = self.pop()?;
        // Objects with slots have a pair.
        let state = self.items(state).first().copied().unwrap_or(state);
        let attributes = match state {
            Value::Place(place) => match &self.containers[place] {
                Container::Map(map) => {
                    self.copies = self.copies.checked_sub(map.len())?;
                    map.clone()
                }
                _ => return Some(()),
            },
            _ => return Some(()),
        };
        if let Value::Place(place) = *self.stack.last()?
            && let Container::Map(map) = &mut self.containers[place]
        {
            map.extend(attributes);
        }
        Some(())
    }

    fn recall(&mut self, index: u64) -> Option<()> {
        let value = *self.memo.get(&index)?;
        self.push(value)
    }

    fn remember(&mut self, index: u64) -> Option<()> {
        self.memo.insert(index, *self.stack.last()?);
        Some(())
    }

    fn run(&mut self, opcode: u8) -> Option<()> {
        let number = |line: &str| line.trim().trim_end_matches('L').parse::<i64>().ok();
        match opcode {
            // Protocol and frame say nothing of the stack.
            0x80 => self.take(1).map(drop),
            0x95 => self.take(8).map(drop),
            b'(' => self.push(Value::Mark),
            b'0' => self.pop().map(drop),
            b'1' => self.pop_to_mark().map(drop),
            b'2' => self.stack.last().copied().and_then(|value| self.push(value)),
            // Values.
            b'N' | 0x88 | 0x89 => self.push(Value::Other),
            b'I' | b'L' => {
                self.line().and_then(|line| self.push(number(line).map_or(Value::Other, Value::Number)))
            }
            b'F' | b'S' => self.line().and_then(|_| self.push(Value::Other)),
            b'V' => self.line().and_then(|line| self.push(Value::Text(line))),
            b'J' => {
                self.unsigned(4).and_then(|value| self.push(Value::Number(i64::from(value as u32 as i32))))
            }
            b'K' => self.unsigned(1).and_then(|value| self.push(Value::Number(value as i64))),
            b'M' => self.unsigned(2).and_then(|value| self.push(Value::Number(value as i64))),
            b'G' => self.take(8).and_then(|_| self.push(Value::Other)),
            b'U' | 0x8c => self.counted(1).and_then(|text| self.text(text)),
            b'T' | b'X' => self.counted(4).and_then(|text| self.text(text)),
            0x8d => self.counted(8).and_then(|text| self.text(text)),
            0x8a => self.counted(1).and_then(|bytes| {
                let sum = bytes
                    .iter()
                    .rev()
                    .try_fold(0_i64, |sum, &byte| Some(sum.checked_mul(256)? + i64::from(byte)));
                self.push(sum.map_or(Value::Other, Value::Number))
            }),
            b'C' => self.counted(1).and_then(|_| self.push(Value::Other)),
            0x8b | b'B' => self.counted(4).and_then(|_| self.push(Value::Other)),
            0x8e | 0x96 => self.counted(8).and_then(|_| self.push(Value::Other)),
            // Containers.
            b']' | b')' | 0x8f => self.put(Container::Sequence(Vec::new())),
            b'}' => self.put(Container::Map(Vec::new())),
            b't' | b'l' | 0x91 => self.pop_to_mark().and_then(|items| self.put(Container::Sequence(items))),
            0x85 => self.tuple(1),
            0x86 => self.tuple(2),
            0x87 => self.tuple(3),
            b'd' => self.pop_to_mark().and_then(|items| {
                self.put(Container::Map(Vec::new()))?;
                self.set_items(items)
            }),
            b'a' => self.pop().and_then(|item| self.append(vec![item])),
            b'e' | 0x90 => self.pop_to_mark().and_then(|items| self.append(items)),
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.set_items(vec![key, value])
            }
            b'u' => self.pop_to_mark().and_then(|items| self.set_items(items)),
            // Classes and calls.
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Value::Global(module, name))
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                self.push(match (module, name) {
                    (Value::Text(module), Value::Text(name)) => Value::Global(module, name),
                    _ => Value::Other,
                })
            }
            b'R' | 0x81 => self.call(),
            0x92 => {
                self.pop()?;
                self.call()
            }
            b'b' => self.build(),
            b'P' => {
                let name = self.line()?;
                self.put(Container::Outside(Value::Text(name)))
            }
            b'Q' => self.pop().and_then(|name| self.put(Container::Outside(name))),
            // The memo.
            b'g' => self.line().and_then(number).and_then(|index| self.recall(index as u64)),
            b'h' => self.unsigned(1).and_then(|index| self.recall(index)),
            b'j' => self.unsigned(4).and_then(|index| self.recall(index)),
            b'p' => self.line().and_then(number).and_then(|index| self.remember(index as u64)),
            b'q' => self.unsigned(1).and_then(|index| self.remember(index)),
            b'r' => self.unsigned(4).and_then(|index| self.remember(index)),
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

    fn map<'a, 'b>(pickle: &'b Pickle<'a>, value: Value) -> &'b [(Value<'a>, Value<'a>)] {
        match value {
            Value::Place(place) => match &pickle.containers[place] {
                Container::Map(map) => map,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn collections_keep_their_items() {
        let pickle = Pickle::read(PICKLE).unwrap();
        assert_eq!(pickle.length, PICKLE.len());
        let root = map(&pickle, pickle.root);
        assert_eq!(root.iter().map(|(key, _)| *key).collect::<Vec<_>>(), ["a", "b", "c"].map(Value::Text));
        assert_eq!(map(&pickle, root[0].1), [(Value::Text("x"), Value::Number(1))]);
        assert_eq!(pickle.sequence(root[2].1), Some(&[Value::Other][..]));
    }

    #[test]
    fn broken_pickles_are_none() {
        for end in 0..PICKLE.len() {
            assert!(Pickle::read(&PICKLE[..end]).is_none(), "{end}");
        }
        assert!(Pickle::read(b"\x80\x02R.").is_none());
    }
}
