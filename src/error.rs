/// An error that a program can tell apart by a stable code, beside the sentence for people.
pub trait ErrorCode: std::error::Error {
    /// A dotted name such as `image.truncated`; it stays the same when the sentence is reworded.
    fn code(&self) -> &'static str;
}
