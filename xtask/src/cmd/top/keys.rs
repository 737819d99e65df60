//! What is typed while the screen is drawn.

use std::thread;

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use tokio::sync::mpsc::{Receiver, channel};

/// What somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Quit,
    Sort,
    /// Down by so many lines; up if negative.
    Scroll(i16),
    /// The terminal has another size.
    Redraw,
}

/// Lines that a page key scrolls.
const PAGE: i16 = 10;

/// Reads keys until nobody takes them any more.
pub(super) fn read() -> Receiver<Key> {
    let (keys, taken) = channel(16);
    // Reading blocks, and nothing ends it but a key: a thread that dies with the program.
    thread::spawn(move || {
        while let Ok(event) = event::read() {
            if let Some(key) = meant(&event)
                && keys.blocking_send(key).is_err()
            {
                return;
            }
        }
    });
    taken
}

fn meant(event: &Event) -> Option<Key> {
    let key = match event {
        Event::Resize(..) => return Some(Key::Redraw),
        Event::Key(key) if key.kind != KeyEventKind::Release => key,
        _ => return None,
    };
    match key.code {
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Key::Quit),
        KeyCode::Char('q') | KeyCode::Esc => Some(Key::Quit),
        KeyCode::Char('s') => Some(Key::Sort),
        KeyCode::Down | KeyCode::Char('j') => Some(Key::Scroll(1)),
        KeyCode::Up | KeyCode::Char('k') => Some(Key::Scroll(-1)),
        KeyCode::PageDown => Some(Key::Scroll(PAGE)),
        KeyCode::PageUp => Some(Key::Scroll(-PAGE)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::KeyEvent;

    use super::*;

    #[test]
    fn keys_mean_what_a_pager_taught() {
        let pressed = |code| meant(&Event::Key(KeyEvent::from(code)));
        assert_eq!(pressed(KeyCode::Char('q')), Some(Key::Quit));
        assert_eq!(pressed(KeyCode::PageUp), Some(Key::Scroll(-PAGE)));
        assert_eq!(pressed(KeyCode::Char('c')), None, "a letter alone");
        let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(meant(&Event::Key(interrupt)), Some(Key::Quit));
        assert_eq!(meant(&Event::Resize(80, 24)), Some(Key::Redraw));
    }
}
