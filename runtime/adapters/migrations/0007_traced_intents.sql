-- W3C traceparent of the message that asked for it: what comes of an intent is part of its trace, whoever carries it out.
alter table rollcall.intent add column traceparent text;
