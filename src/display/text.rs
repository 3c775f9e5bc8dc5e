//! Text that fits: one line, in letters that there are, cut where there is no more room.

use embedded_graphics::mono_font::MonoFont;

/// What stands for the rest of a text that was cut.
pub(super) const ELLIPSIS: char = '…';

/// Pixels from one letter to the next.
pub(super) fn advance(font: &MonoFont<'_>) -> u32 {
    font.character_size.width + font.character_spacing
}

/// A text of people as one line of at most `width` pixels. What cannot be seen becomes a space; letters that the font
/// does not have are drawn as question marks.
pub(super) fn fitted(text: &str, font: &MonoFont<'_>, width: u32) -> String {
    let room = (width / advance(font)) as usize;
    let visible = |letter: char| match letter.is_control() || letter.is_whitespace() {
        true => ' ',
        false => letter,
    };
    let mut letters = text.trim().chars().map(visible);
    let mut line: String = letters.by_ref().take(room).collect();
    if letters.next().is_some() && line.pop().is_some() {
        line.push(ELLIPSIS);
    }
    line
}

/// The same over up to `lines` lines, broken between words where that loses little.
pub(super) fn wrapped(text: &str, font: &MonoFont<'_>, width: u32, lines: usize) -> Vec<String> {
    let room = (width / advance(font)) as usize;
    let mut rest: Vec<char> = text.trim().chars().collect();
    let mut found = Vec::new();
    while !rest.is_empty() && room > 0 && found.len() + 1 < lines && rest.len() > room {
        let space = rest[..=room].iter().rposition(|letter| *letter == ' ');
        let end = space.filter(|at| 2 * at > room).unwrap_or(room);
        let line: String = rest.drain(..end).collect();
        found.push(fitted(&line, font, width));
        let words = rest.iter().position(|letter| *letter != ' ');
        rest.drain(..words.unwrap_or(rest.len()));
    }
    let last: String = rest.into_iter().collect();
    if !last.is_empty() {
        found.push(fitted(&last, font, width));
    }
    found
}

#[cfg(test)]
mod tests {
    use embedded_graphics::mono_font::iso_8859_1::FONT_6X10;

    use super::*;

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        assert_eq!(fitted("open the drawer", &FONT_6X10, 90), "open the drawer");
        assert_eq!(fitted("open the drawer", &FONT_6X10, 89), "open the draw…");
        assert_eq!(fitted("open", &FONT_6X10, 6), "…");
        assert_eq!(fitted("open", &FONT_6X10, 5), "");
        assert_eq!(fitted("", &FONT_6X10, 90), "");
    }

    #[test]
    fn letters_of_any_language_count_as_letters_and_lines_become_one() {
        assert_eq!(
            fitted("öffne\ndie\tSchublade", &FONT_6X10, 66),
            "öffne die …"
        );
        assert_eq!(fitted("引き出しを開けて", &FONT_6X10, 30), "引き出し…");
        assert_eq!(
            fitted("\u{1f916}\u{0}\u{1b}[31m", &FONT_6X10, 600),
            "🤖  [31m"
        );
    }

    #[test]
    fn lines_are_broken_between_words_and_the_last_is_cut() {
        let lines = |text: &str, lines| wrapped(text, &FONT_6X10, 60, lines);
        assert_eq!(lines("open the drawer", 2), ["open the", "drawer"]);
        assert_eq!(
            lines("open the drawer slowly", 2),
            ["open the", "drawer sl…"]
        );
        assert_eq!(
            lines("incomprehensibilities", 3),
            ["incomprehe", "nsibilitie", "s"]
        );
        assert_eq!(lines("open", 2), ["open"]);
        assert_eq!(lines(" ", 2), [""; 0]);
        assert_eq!(wrapped("open", &FONT_6X10, 3, 2), [""]);
    }
}
