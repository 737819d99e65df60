use super::Migrations;
use crate::spec::BucketSpec;

/// What a store is opened with: a bucket, and for one whose values have been of earlier versions also what becomes of those.
/// For such a bucket generated code has a struct with a field for each step.
pub trait Opening<T> {
    /// The bucket.
    fn bucket(&self) -> &'static BucketSpec;

    /// What becomes of values of earlier versions.
    fn migrations(self) -> Migrations<T>;
}

impl<T> Opening<T> for &'static BucketSpec {
    fn bucket(&self) -> &'static BucketSpec {
        self
    }

    fn migrations(self) -> Migrations<T> {
        Migrations::new()
    }
}

impl<T> Opening<T> for (&'static BucketSpec, Migrations<T>) {
    fn bucket(&self) -> &'static BucketSpec {
        self.0
    }

    fn migrations(self) -> Migrations<T> {
        self.1
    }
}
