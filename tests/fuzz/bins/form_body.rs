#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::form_body::run(data));
