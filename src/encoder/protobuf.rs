//! Protobuf's wire format, as far as ONNX files ask for it. Of the hundreds of fields of such a file only those that lead to
//! tensors and their names matter here, so that they are walked by number instead of taking a protobuf library and the whole
//! schema along. A message that cannot be read to its end is an error: what was not read may name a file.

/// How many messages may lie within each other: protobuf's own readers allow as many.
pub(super) const MOST_LEVELS: usize = 100;

/// One field of a message.
pub(super) struct Field<'a> {
    /// The number that the schema gives it.
    pub number: u64,
    /// What it holds, where that is a text, bytes or a message; nothing where it is a number.
    pub content: Option<&'a [u8]>,
    /// All of it, as it stands in the file.
    pub whole: &'a [u8],
}

/// The fields of a message, in the order of the file. The first that cannot be read is the last.
pub(super) fn fields(message: &[u8]) -> impl Iterator<Item = Result<Field<'_>, String>> {
    let mut rest = message;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let found = next(&mut rest);
        if found.is_err() {
            rest = &[];
        }
        Some(found)
    })
}

/// Adds a field that holds bytes, a text or a message.
pub(super) fn write(number: u64, content: &[u8], into: &mut Vec<u8>) {
    write_number(number << 3 | 2, into);
    write_number(content.len() as u64, into);
    into.extend_from_slice(content);
}

fn next<'a>(rest: &mut &'a [u8]) -> Result<Field<'a>, String> {
    let begin = *rest;
    let tag = number(rest)?;
    let mut content = None;
    match tag & 7 {
        0 => {
            number(rest)?;
        }
        1 => {
            take(rest, 8)?;
        }
        2 => {
            let length = number(rest)?;
            content = Some(take(rest, length)?);
        }
        5 => {
            take(rest, 4)?;
        }
        other => return Err(format!("a field of it has the type {other}")),
    }
    Ok(Field {
        number: tag >> 3,
        content,
        whole: &begin[..begin.len() - rest.len()],
    })
}

/// The first bytes, which are taken off.
fn take<'a>(bytes: &mut &'a [u8], length: u64) -> Result<&'a [u8], String> {
    let parts = usize::try_from(length).ok();
    let (taken, rest) = parts
        .and_then(|length| bytes.split_at_checked(length))
        .ok_or("it is cut off")?;
    *bytes = rest;
    Ok(taken)
}

/// A number in protobuf's variable length.
fn number(bytes: &mut &[u8]) -> Result<u64, String> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)?[0];
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err("a number of it is too long".into())
}

fn write_number(mut number: u64, into: &mut Vec<u8>) {
    while number > 0x7f {
        into.push(number as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_whole_fields_are_the_message() {
        let (mut message, long) = (Vec::new(), [7; 300]);
        for (number, content) in [(1, &b""[..]), (16, b"text"), (2047, &long)] {
            write(number, content, &mut message);
        }
        // A number, eight bytes and four bytes.
        message.extend([8, 0x96, 1, 9, 1, 2, 3, 4, 5, 6, 7, 8, 13, 1, 2, 3, 4]);
        let found: Vec<Field> = fields(&message).map(Result::unwrap).collect();
        let seen: Vec<_> = found.iter().map(|f| (f.number, f.content)).collect();
        let numbers = [(1, None), (1, None), (1, None)];
        let texts = [(1, &b""[..]), (16, b"text"), (2047, &long)];
        let texts = texts.map(|(number, content)| (number, Some(content)));
        assert_eq!(seen, [texts, numbers].concat());
        let again: Vec<&[u8]> = found.iter().map(|field| field.whole).collect();
        assert_eq!(again.concat(), message);
    }

    #[test]
    fn what_is_cut_off_ends_with_an_error() {
        let mut message = Vec::new();
        write(7, &[1; 200], &mut message);
        for cut in 1..message.len() {
            let all: Vec<_> = fields(&message[..cut]).collect();
            assert!(matches!(all[..], [Err(_)]), "cut at {cut}");
        }
        for spoiled in [&[0xff; 12][..], &[3], &[4], &[6], &[7]] {
            assert!(fields(spoiled).last().unwrap().is_err(), "{spoiled:?}");
        }
    }
}
