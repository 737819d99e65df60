//! What the generator makes of the kitchen sink. A golden file that doesn't build fails the workspace.

pub mod api;
