//! Bugs in `list` and `expiring`.

macro_rules! queries {
    ($next:ident $($then:ident)*; $($before:tt)*) => { $next! { $($then)*; $($before)*

    lists_come_newest_first {
        /// The oldest comes first.
        ListsOldestFirst => lists_show_the_states_that_are_asked_for pages_neither_skip_nor_repeat,
        /// Of those of an instant the id decides upwards.
        ListsTiesUpwards => lists_show_the_states_that_are_asked_for pages_neither_skip_nor_repeat,
        /// The limit is taken before the order.
        ListsLimitFirst => pages_neither_skip_nor_repeat,
        /// All owners' tokens are listed.
        ListsAllOwners => any,
    }
    lists_show_the_states_that_are_asked_for {
        /// States are judged by the clock of this machine.
        ListsByTheirOwnClock,
        /// What is in its grace is listed as ended.
        ListsGracesAsEnded,
        /// What is revoked later is listed as active.
        ListsRevokedLater => pages_neither_skip_nor_repeat,
        /// What expires now is listed as active.
        ListsExpiringNow,
        /// A grace that was cut is listed as active before its end.
        ListsCutGraces,
    }
    pages_neither_skip_nor_repeat {
        /// A page begins behind the cursor's instant.
        PagesBehindTheInstant,
        /// A page begins at the cursor.
        PagesAtTheCursor,
        /// A page begins at the top.
        PagesAtTheTop,
        /// A page may be longer by one.
        PagesOfOneMore => lists_come_newest_first,
        /// A page begins behind the cursor's token, where the list still has it.
        PagesBehindTheToken,
        /// The limit is taken before the states.
        ListsStatesLast => lists_show_the_states_that_are_asked_for,
    }
    expiring_finds_current_tokens_in_the_window {
        /// The window's beginning is inside.
        WindowWithItsBeginning,
        /// The window's end is outside.
        WindowWithoutItsEnd => a_corrupt_row_is_an_error,
        /// What is revoked is found.
        ExpiringFindsRevoked => expiring_comes_in_pages,
        /// What was rotated away is found.
        ExpiringFindsRotated,
        /// The latest comes first.
        ExpiringLatestFirst => expiring_comes_in_pages,
        /// One owner's tokens are found.
        ExpiringOfOneOwner,
        /// A place to begin at stands for the window's beginning.
        ExpiringTrustsThePlace,
    }
    expiring_comes_in_pages {
        /// A page begins behind the cursor's instant.
        ExpiringBehindTheInstant,
        /// A page begins at the cursor.
        ExpiringAtTheCursor,
        /// There is no limit.
        ExpiringHasNoLimit,
        /// The limit is taken before the order.
        ExpiringLimitFirst,
        /// A page begins behind the cursor's token, where the answer still has it.
        ExpiringBehindTheToken => expiring_finds_current_tokens_in_the_window,
        /// What is revoked takes a place on a page.
        ExpiringRevokedLast,
    }

    }};
}
