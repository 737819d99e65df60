//! Servers that don't hear each other.

use super::Cluster;

impl Cluster {
    /// Lets servers hear only those of their own side; whoever is on no side hears nobody. Clients reach all of them.
    pub fn partition(&self, sides: &[&[usize]]) {
        let together =
            |a: usize, b: usize| sides.iter().any(|side| side.contains(&a) && side.contains(&b));
        for from in 0..self.len() {
            for to in (0..self.len()).filter(|to| *to != from) {
                self.block(from, to, !together(from, to));
            }
        }
    }

    /// Keeps everything that one server says from another, which it goes on hearing.
    pub fn mute(&self, from: usize, to: usize) {
        self.block(from, to, true);
    }

    /// Keeps clients from a server: what they say and what it answers vanishes.
    pub fn hide(&self, server: usize) {
        self.clients(server).black_hole();
    }

    /// Opens every link.
    pub fn heal(&self) {
        let clients = (0..self.len()).map(|server| self.clients(server));
        for link in self.routes.values().chain(clients) {
            link.heal();
        }
    }

    /// Blocks what one server says to another. Nobody knows which of the two has dialled.
    fn block(&self, from: usize, to: usize, blocked: bool) {
        if let Some(dialled) = self.routes.get(&(from, to)) {
            dialled.change(|faults| faults.up.blocked = blocked);
        }
        if let Some(dialled) = self.routes.get(&(to, from)) {
            dialled.change(|faults| faults.down.blocked = blocked);
        }
    }
}
