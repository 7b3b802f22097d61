//! A subscriber of the `tracing` crate that keeps all that it is given, at every level.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, set_default, set_global_default};
use tracing::{Event, Level, Metadata, Subscriber};

/// Clones are one.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Log>>);

#[derive(Default)]
struct Log {
    spans: Vec<Emitted>,
    events: Vec<Emitted>,
}

/// A span or an event.
#[derive(Clone, Debug)]
pub struct Emitted {
    pub metadata: &'static Metadata<'static>,
    pub fields: Fields,
    /// Of a span: how often it was entered and left, and how many still hold it.
    pub entered: usize,
    pub left: usize,
    pub held: usize,
}

/// Texts as they are, all else by `Debug`.
#[derive(Clone, Debug, Default)]
pub struct Fields(BTreeMap<&'static str, String>);

impl Recorder {
    /// Records what this thread emits. Every test of a file is to begin with it: `tracing` remembers that nobody listens to
    /// a place, and asks one thread for all.
    pub fn start() -> (Self, DefaultGuard) {
        let recorder = Self::default();
        let guard = set_default(recorder.clone());
        (recorder, guard)
    }

    /// Records what every thread of the process emits, once for all.
    pub fn everywhere() -> Self {
        static ONE: OnceLock<Recorder> = OnceLock::new();
        let start = || {
            let recorder = Self::default();
            set_global_default(recorder.clone()).unwrap();
            recorder
        };
        ONE.get_or_init(start).clone()
    }

    pub fn spans(&self) -> Vec<Emitted> {
        self.log().spans.clone()
    }

    pub fn take_events(&self) -> Vec<Emitted> {
        std::mem::take(&mut self.log().events)
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap()
    }

    fn span<T>(&self, id: &Id, action: impl FnOnce(&mut Emitted) -> T) -> T {
        let place = usize::try_from(id.into_u64()).unwrap() - 1;
        action(&mut self.log().spans[place])
    }
}

impl Emitted {
    fn new(metadata: &'static Metadata<'static>, record: impl FnOnce(&mut Fields)) -> Self {
        let mut fields = Fields::default();
        record(&mut fields);
        Self { metadata, fields, entered: 0, left: 0, held: 1 }
    }

    pub fn level(&self) -> Level {
        *self.metadata.level()
    }

    /// Each by its name.
    pub fn all_fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.fields.0.iter().map(|(name, value)| (*name, value.as_str()))
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.0.get(name).map(String::as_str)
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let spans = &mut self.log().spans;
        spans.push(Emitted::new(span.metadata(), |fields| span.record(fields)));
        Id::from_u64(spans.len().try_into().unwrap())
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        self.span(id, |span| values.record(&mut span.fields));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.log().events.push(Emitted::new(event.metadata(), |fields| event.record(fields)));
    }

    fn enter(&self, id: &Id) {
        self.span(id, |span| span.entered += 1);
    }

    fn exit(&self, id: &Id) {
        self.span(id, |span| span.left += 1);
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.span(id, |span| span.held += 1);
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        self.span(&id, |span| {
            span.held -= 1;
            span.held == 0
        })
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    /// With all that it stems from, as subscribers print it.
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut next = value.source();
        while let Some(source) = next {
            write!(text, ": {source}").unwrap();
            next = source.source();
        }
        self.0.insert(field.name(), text);
    }
}
