//! Numbers in base 36, lower case: the shortest that every part of a subject may be.

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// What each byte is as a digit; 36 if it is none.
const VALUES: [u8; 256] = {
    let mut values = [36; 256];
    let mut value = 0_u8;
    while value < 36 {
        values[DIGITS[value as usize] as usize] = value;
        value += 1;
    }
    values
};

/// Appends a number.
pub(crate) fn write(mut number: u64, out: &mut String) {
    let mut text = [0_u8; 13];
    let mut at = text.len();
    loop {
        at -= 1;
        text[at] = DIGITS[usize::try_from(number % 36).unwrap_or(0)];
        number /= 36;
        if number == 0 {
            break;
        }
    }
    out.push_str(std::str::from_utf8(&text[at..]).unwrap_or_default());
}

/// Most digits that are read: as many as can't overflow.
const DIGITS_MAX: usize = 12;

/// Reads a number that is all of a text; nothing, a foreign character or too many digits are `None`.
pub(crate) fn parse(text: &[u8]) -> Option<u64> {
    lead(text).and_then(|(number, rest)| rest.is_empty().then_some(number))
}

/// Reads the number that a text begins with, and returns what follows.
pub(crate) fn lead(text: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    let mut length = 0;
    for byte in text {
        let digit = VALUES[usize::from(*byte)];
        if digit >= 36 {
            break;
        }
        if length == DIGITS_MAX {
            return None;
        }
        number = number * 36 + u64::from(digit);
        length += 1;
    }
    (length > 0).then(|| (number, &text[length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        for number in [0, 1, 35, 36, 36_u64.pow(12) - 1] {
            let mut text = String::new();
            write(number, &mut text);
            assert_eq!(parse(text.as_bytes()), Some(number));
        }
        for text in ["", "A", "-", "1A", "1000000000000"] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(lead(b"zN"), Some((35, b"N".as_slice())));
    }
}
