//! Streams of every shape, over a real server and over the in-process bus with its faults.

mod faults;
mod fixture;
mod hostile;
mod long;
mod real;
mod shapes;
