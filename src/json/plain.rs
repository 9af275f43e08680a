//! Reads JSON that is plain: no escapes, no exponents, few members, little
//! nesting. Nearly every message is, and is read so in a quarter of the time.
//! Whatever is not, broken or merely rarer, is left to [`super::read`].

use super::document::{JsonDocument, NodeValue, Stretch};

/// Objects with more members than this are left to others.
const MEMBERS: usize = 64;
/// And what is nested deeper.
const DEPTH: usize = 8;
/// And longer numbers: these are all within the range of a double.
const DIGITS: usize = 40;

/// Reads one JSON text into a document: the place of its value; `None` if it is not plain.
pub(super) fn read(text: &str, document: &mut JsonDocument) -> Option<usize> {
    let begin = document.keep(text).from as usize;
    let mut reader = Reader { text: text.as_bytes(), at: 0, begin, document };
    let place = reader.value(Stretch::default(), DEPTH)?;
    reader.peek().is_none().then_some(place)
}

struct Reader<'t, 'd> {
    text: &'t [u8],
    at: usize,
    /// Where the text begins in the document's.
    begin: usize,
    document: &'d mut JsonDocument,
}

impl Reader<'_, '_> {
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

    /// Passes over the next byte if it is that one and nothing lies before it.
    fn skip(&mut self, byte: u8) -> bool {
        let there = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(there);
        there
    }

    fn value(&mut self, name: Stretch, depth: usize) -> Option<usize> {
        let value = match self.peek()? {
            b'"' => NodeValue::Str(self.string()?),
            b'{' => return self.object(name, depth.checked_sub(1)?),
            b'[' => return self.array(name, depth.checked_sub(1)?),
            b't' => self.word("true", NodeValue::Bool(true))?,
            b'f' => self.word("false", NodeValue::Bool(false))?,
            b'n' => self.word("null", NodeValue::Null)?,
            _ => NodeValue::Number(self.number()?),
        };
        let place = self.document.open(name, value);
        self.document.close(place);
        Some(place)
    }

    fn word(&mut self, word: &str, value: NodeValue) -> Option<NodeValue> {
        let there = self.text.get(self.at..)?.starts_with(word.as_bytes());
        self.at += word.len();
        there.then_some(value)
    }

    fn span(&self, from: usize, to: usize) -> Stretch {
        Stretch { from: (self.begin + from) as u32, to: (self.begin + to) as u32 }
    }

    fn string(&mut self) -> Option<Stretch> {
        if self.next()? != b'"' {
            return None;
        }
        let from = self.at;
        let length = self.text[from..].iter().position(|byte| matches!(byte, b'"' | b'\\' | ..b' '))?;
        self.at += length;
        self.skip(b'"').then(|| self.span(from, from + length))
    }

    fn number(&mut self) -> Option<Stretch> {
        let from = self.at;
        self.skip(b'-');
        let zero = self.text.get(self.at) == Some(&b'0');
        let whole = self.digits()?;
        if zero && whole > 1 {
            return None;
        }
        if self.skip(b'.') {
            self.digits()?;
        }
        let exponent = matches!(self.text.get(self.at), Some(b'e' | b'E'));
        (!exponent && self.at - from <= DIGITS).then(|| self.span(from, self.at))
    }

    /// How many digits there are, passed over; `None` for none.
    fn digits(&mut self) -> Option<usize> {
        let count = self.text[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        (count > 0).then_some(count)
    }

    fn array(&mut self, name: Stretch, depth: usize) -> Option<usize> {
        self.next()?;
        let array = self.document.open(name, NodeValue::Array);
        if self.peek()? == b']' {
            self.at += 1;
            self.document.close(array);
            return Some(array);
        }
        loop {
            self.value(Stretch::default(), depth)?;
            match self.next()? {
                b',' => {}
                b']' => break,
                _ => return None,
            }
        }
        self.document.close(array);
        Some(array)
    }

    fn object(&mut self, name: Stretch, depth: usize) -> Option<usize> {
        self.next()?;
        let object = self.document.open(name, NodeValue::Object);
        if self.peek()? == b'}' {
            self.at += 1;
            self.document.close(object);
            return Some(object);
        }
        // A bit for names of one length, first and middle letter: only those that share it are compared.
        let (mut seen, mut count) = (0_u64, 0);
        loop {
            let name = self.string()?;
            let text = self.document.text(name).as_bytes();
            let letter = |at: usize| usize::from(*text.get(at).unwrap_or(&0));
            let bit = 1 << ((text.len() * 5 + letter(0) + letter(text.len() / 2) * 16) % 64);
            count += 1;
            self.document.close(object);
            if count > MEMBERS || (seen & bit != 0 && self.is_member(object, name)) || self.next()? != b':' {
                return None;
            }
            seen |= bit;
            self.value(name, depth)?;
            match self.next()? {
                b',' => {}
                b'}' => break,
                _ => return None,
            }
        }
        self.document.close(object);
        Some(object)
    }

    /// Whether the object, as far as it is read, has a member of that name.
    fn is_member(&self, object: usize, name: Stretch) -> bool {
        let name = self.document.text(name);
        self.document.members(object).iter().any(|member| member.name() == name)
    }
}
