//! Two wait for a look-up, and the one that polled it may be gone before it comes: the other is woken (failures 23).

use loom::sync::Arc;
use loom::thread;

use crate::flaw::Flaw;
use crate::shared_future::SharedFuture;
use crate::trial::{hangs, holds};

fn one_leaves() {
    model(|look_up| {
        if look_up.poll(0).is_pending() {
            look_up.leave(0);
        }
    });
}

fn both_stay() {
    model(|look_up| wait(look_up, 0));
}

fn model(other: fn(&SharedFuture)) {
    let look_up = Arc::new(SharedFuture::new());
    let other = thread::spawn({
        let look_up = Arc::clone(&look_up);
        move || other(&look_up)
    });
    let store = thread::spawn({
        let look_up = Arc::clone(&look_up);
        move || look_up.make_ready()
    });
    wait(&look_up, 1);
    other.join().unwrap();
    store.join().unwrap();
}

fn wait(look_up: &SharedFuture, who: usize) {
    while look_up.poll(who).is_pending() {
        look_up.sleep(who);
    }
}

#[test]
fn nobody_waits_for_ever() {
    holds(3, Flaw::None, one_leaves);
    holds(2, Flaw::None, both_stay);
}

/// The look-up woke the one that had polled it, while the other had just been told that somebody polls.
#[test]
fn without_a_nudge_one_does_where_the_other_leaves() {
    hangs(3, Flaw::NoNudge, one_leaves);
    holds(2, Flaw::NoNudge, both_stay);
}
