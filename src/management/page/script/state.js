// Setup -> Personal Tokens. The files beside this one are one module with it, in the order of `page/mod.rs`.
// Whatever comes from the server is put into the page as text, never as markup.

const host = document.body.dataset;
const base = location.origin + location.pathname.replace(/\/*$/, '/');
const $ = id => document.getElementById(id);

/** What this person may do and what the host allows; filled at the start. */
let policy;
/** The scopes of this service; empty where tokens have none. */
let scopes = [];
