//! Reads JSON that is plain: texts without escapes, short numbers, few
//! members, little nesting. Nearly every message is, and is read so in a third
//! of the time. Whatever is not, broken or merely rarer, is not read here.

use wide::u8x16;

use super::json::{Nodes, Span, Value};

/// Objects with more members than this are left to others.
const MEMBERS: usize = 64;
/// And what is nested deeper.
const DEPTH: usize = 8;
/// And longer numbers: beyond these a double is not each of them.
const DIGITS: usize = 15;

/// Reads one JSON text, which lies at `begin` of the document's, into the node at `place`; `None` if it is not plain.
pub(super) fn read(text: &str, begin: usize, nodes: &mut Nodes, place: usize, marks: &mut Marks) -> Option<()> {
    let text = text.as_bytes();
    marks.set(text);
    let mut reader = Reader { text, at: 0, begin, nodes, marks };
    reader.value(place, DEPTH)?;
    reader.peek().is_none().then_some(())
}

/// Where bytes lie that JSON escapes in a text, `"`, `\` and control characters: a bit for each byte. Found for a
/// whole text at once, so that the end of each of its many short strings is one look.
#[derive(Debug, Default)]
pub(super) struct Marks(Vec<u64>);

impl Marks {
    fn set(&mut self, text: &[u8]) {
        self.0.clear();
        let (blocks, rest) = text.as_chunks::<64>();
        self.0.extend(blocks.iter().map(marks_of));
        let mut last = [b' '; 64];
        last[..rest.len()].copy_from_slice(rest);
        self.0.push(marks_of(&last));
    }

    /// The first marked place from there on.
    fn from(&self, at: usize) -> Option<usize> {
        let mut block = at / 64;
        let mut marks = self.0.get(block)? >> (at % 64) << (at % 64);
        while marks == 0 {
            block += 1;
            marks = *self.0.get(block)?;
        }
        Some(block * 64 + marks.trailing_zeros() as usize)
    }
}

fn marks_of(block: &[u8; 64]) -> u64 {
    let (parts, _) = block.as_chunks::<16>();
    parts.iter().rev().fold(0, |marks, part| marks << 16 | u64::from(marks_of_part(part)))
}

fn marks_of_part(part: &[u8; 16]) -> u32 {
    let part = u8x16::new(*part);
    let is = |byte: u8| part.simd_eq(u8x16::splat(byte));
    let control = part.min(u8x16::splat(0x1f)).simd_eq(part);
    (control | is(b'"') | is(b'\\')).to_bitmask()
}

/// How many bytes there are before the first that JSON escapes in a text: `"`, `\` or a control character.
pub(super) fn plain_bytes(bytes: &[u8]) -> usize {
    let (parts, rest) = bytes.as_chunks::<16>();
    for (index, part) in parts.iter().enumerate() {
        let found = marks_of_part(part);
        if found != 0 {
            return index * 16 + found.trailing_zeros() as usize;
        }
    }
    let plain = |byte: &&u8| !matches!(**byte, b'"' | b'\\' | ..b' ');
    parts.len() * 16 + rest.iter().take_while(plain).count()
}

/// How many digits a number begins with; one more than is read here is enough to know.
fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take(DIGITS + 1).take_while(|byte| byte.is_ascii_digit()).count()
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    begin: usize,
    nodes: &'a mut Nodes,
    marks: &'a Marks,
}

impl Reader<'_> {
    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// The next byte that is no white space, passed over.
    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn value(&mut self, place: usize, depth: usize) -> Option<()> {
        self.nodes.at(place).value = match self.peek()? {
            b'"' => {
                let (from, to) = self.string()?;
                Value::Str(self.span(from, to))
            }
            b'{' => {
                self.object(depth.checked_sub(1)?)?;
                Value::Object
            }
            b'[' => {
                self.array(depth.checked_sub(1)?)?;
                Value::Array
            }
            b'0'..=b'9' => {
                let from = self.at;
                match self.integer() {
                    Some(number) => Value::Int(number),
                    None => self.fraction(from)?,
                }
            }
            b't' => self.word("true", Value::Bool(true))?,
            b'f' => self.word("false", Value::Bool(false))?,
            b'n' => self.word("null", Value::Null)?,
            _ => return None,
        };
        self.nodes.close(place);
        Some(())
    }

    fn span(&self, from: usize, to: usize) -> Span {
        Span::quoted(self.begin + from, self.begin + to)
    }

    /// From where to where the string lies.
    #[inline(always)]
    fn string(&mut self) -> Option<(usize, usize)> {
        if self.next()? != b'"' {
            return None;
        }
        let from = self.at;
        let to = self.marks.from(from)?;
        if self.text.get(to) != Some(&b'"') {
            return None;
        }
        self.at = to + 1;
        Some((from, to))
    }

    fn integer(&mut self) -> Option<i64> {
        let bytes = self.text.get(self.at..)?;
        let digits = digits(bytes);
        let number = bytes[..digits].iter().take(DIGITS).fold(0, |sum, byte| sum * 10 + i64::from(byte - b'0'));
        let whole = digits <= DIGITS && !matches!(bytes.get(digits), Some(b'.' | b'e' | b'E'));
        let leading_zero = bytes[0] == b'0' && digits > 1;
        self.at += digits;
        (whole && !leading_zero).then_some(number)
    }

    /// A number with a fraction.
    #[inline(never)]
    fn fraction(&mut self, from: usize) -> Option<Value> {
        let bytes = self.text.get(from..)?;
        let whole = digits(bytes);
        let rest = bytes[whole..].strip_prefix(b".")?;
        let digits = digits(rest);
        let leading_zero = bytes[0] == b'0' && whole > 1;
        let exponent = matches!(rest.get(digits), Some(b'e' | b'E'));
        if leading_zero || whole > DIGITS || !(1..=DIGITS).contains(&digits) || exponent {
            return None;
        }
        self.at = from + whole + 1 + digits;
        Some(Value::Float(Span::bare(self.begin + from, self.begin + self.at)))
    }

    fn word(&mut self, word: &str, value: Value) -> Option<Value> {
        let there = self.text.get(self.at..)?.starts_with(word.as_bytes());
        self.at += word.len();
        there.then_some(value)
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        self.next()?;
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        loop {
            let place = self.nodes.add();
            self.value(place, depth)?;
            match self.next()? {
                b',' => {}
                b']' => return Some(()),
                _ => return None,
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        self.next()?;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        let (first, mut count) = (self.nodes.next(), 0);
        // A bit for names of one length, first and middle letter: only those that share it are compared.
        let mut seen = 0_u64;
        loop {
            let (from, to) = self.string()?;
            let name = &self.text[from..to];
            let letter = |at: usize| usize::from(*name.get(at).unwrap_or(&0));
            let bit = 1 << ((name.len() * 5 + letter(0) + letter(name.len() / 2) * 16) % 64);
            count += 1;
            if (seen & bit != 0 && self.has(first, name)) || count > MEMBERS {
                return None;
            }
            seen |= bit;
            let place = self.nodes.add();
            self.nodes.at(place).name = self.span(from, to);
            if self.next()? != b':' {
                return None;
            }
            self.value(place, depth)?;
            match self.next()? {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// Whether a member from that place on has the name.
    fn has(&mut self, mut place: usize, name: &[u8]) -> bool {
        while place < self.nodes.next() {
            let member = *self.nodes.at(place);
            let known = member.name.range();
            if &self.text[known.start - self.begin..known.end - self.begin] == name {
                return true;
            }
            place = member.end as usize;
        }
        false
    }
}
