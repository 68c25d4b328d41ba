use super::*;

#[test]
fn a_steady_load_is_the_same_in_every_second_and_nothing_after_the_end() {
    let load = built("- steady: {rate_rps: 12.5}", 3);
    assert_eq!(rates(&load, 4), [12.5, 12.5, 12.5, 0.0]);
}

#[test]
fn a_step_changes_at_its_second() {
    let load = built("- step: {from_rps: 1, to_rps: 9, at_s: 2}", 4);
    assert_eq!(rates(&load, 4), [1.0, 1.0, 9.0, 9.0]);
}

#[test]
fn a_ramp_has_the_mean_of_each_second() {
    let load = built("- ramp: {from_rps: 0, to_rps: 8, at_s: 1, duration_s: 4}", 7);
    assert_eq!(rates(&load, 7), [0.0, 1.0, 3.0, 5.0, 7.0, 8.0, 8.0]);
}

#[test]
fn a_ramp_may_fall() {
    let load = built("- ramp: {from_rps: 8, to_rps: 0, at_s: 0, duration_s: 4}", 5);
    assert_eq!(rates(&load, 5), [7.0, 5.0, 3.0, 1.0, 0.0]);
}

#[test]
fn a_spike_lasts_its_duration() {
    let load = built("- spike: {from_rps: 1, to_rps: 10, at_s: 2, duration_s: 3}", 7);
    assert_eq!(rates(&load, 7), [1.0, 1.0, 10.0, 10.0, 10.0, 1.0, 1.0]);
}

#[test]
fn a_spike_rises_within_its_duration_and_falls_after_it() {
    let load = built("- spike: {from_rps: 0, to_rps: 4, at_s: 1, duration_s: 3, rise_s: 2, fall_s: 2}", 7);
    assert_eq!(rates(&load, 7), [0.0, 1.0, 3.0, 4.0, 3.0, 1.0, 0.0]);
}

#[test]
fn a_sine_swings_around_its_mean_and_repeats_exactly() {
    let load = built("- sine: {mean_rps: 100, amplitude_rps: 50, period_s: 4}", 8);
    // sin(π/4) · 50 at the middle of each quarter.
    let high = 100.0 + 50.0 * 0.707_106_781_186_547_5;
    let low = 100.0 - 50.0 * 0.707_106_781_186_547_5;
    for (rate, expected) in rates(&load, 4).iter().zip([high, high, low, low]) {
        assert!((rate - expected).abs() < 1e-9, "{rate} {expected}");
    }
    assert_eq!(rates(&load, 4), rates(&load, 8)[4..]);
}

#[test]
fn a_phase_moves_the_wave_to_the_right() {
    let plain = built("- sine: {mean_rps: 10, amplitude_rps: 5, period_s: 7}", 20);
    let moved = built("- sine: {mean_rps: 10, amplitude_rps: 5, period_s: 7, phase_s: 3}", 23);
    assert_eq!(rates(&plain, 20), rates(&moved, 23)[3..]);
}

#[test]
fn parts_add_up() {
    let load = built("- steady: {rate_rps: 5}\n- step: {from_rps: 0, to_rps: 2, at_s: 1}", 2);
    assert_eq!(rates(&load, 2), [5.0, 7.0]);
}

#[test]
fn noise_stays_within_its_percent_holds_for_its_time_and_repeats_with_the_seed() {
    let text = "- noise: {on: [{steady: {rate_rps: 100}}], percent: 10, every_s: 5}";
    let load = built(text, 1_000);
    let seen = rates(&load, 1_000);
    assert!(seen.iter().all(|rate| (90.0..=110.0).contains(rate)));
    assert!(seen.iter().any(|rate| *rate < 92.0) && seen.iter().any(|rate| *rate > 108.0));
    assert!(seen.chunks(5).all(|five| five.iter().all(|rate| *rate == five[0])));
    assert_eq!(load, built(text, 1_000));
    let other = Load::build(&parts(text), 1_000, 2, &mut no_files).expect("builds");
    assert_ne!(load, other);
}

#[test]
fn two_noises_of_one_seed_differ_and_a_seed_of_their_own_makes_them_alike() {
    let twice = |seed: &str| {
        let part = format!("- noise: {{on: [{{steady: {{rate_rps: 100}}}}], percent: 10{seed}}}\n");
        let first = built(&part, 100);
        let both = built(&part.repeat(2), 100);
        (0..100).all(|at| both.rate(at) == 2.0 * first.rate(at))
    };
    assert!(!twice(""));
    assert!(twice(", seed: 4"));
}

#[test]
fn impossible_shapes_name_field_and_value() {
    for (text, message) in [
        ("- steady: {rate_rps: -1}", "load[0].steady.rate_rps is -1: must be 0 to 1000000000"),
        ("- steady: {rate_rps: .nan}", "load[0].steady.rate_rps is NaN: must be 0 to 1000000000"),
        ("- steady: {rate_rps: .inf}", "load[0].steady.rate_rps is inf: must be 0 to 1000000000"),
        ("- step: {from_rps: 0, to_rps: 2e9, at_s: 1}", "load[0].step.to_rps is 2000000000: must be 0 to 1000000000"),
        (
            "- ramp: {from_rps: -2, to_rps: 1, at_s: 1, duration_s: 1}",
            "load[0].ramp.from_rps is -2: must be 0 to 1000000000",
        ),
        (
            "- ramp: {from_rps: 0, to_rps: 1, at_s: 1, duration_s: 0}",
            "load[0].ramp.duration_s is 0: must be 1 to 4294967295",
        ),
        ("- sine: {mean_rps: 5, amplitude_rps: 6, period_s: 60}", "load[0].sine.amplitude_rps is 6: must be 0 to 5"),
        ("- sine: {mean_rps: 5, amplitude_rps: 5, period_s: 0}", "load[0].sine.period_s is 0: must be 1 to 4294967295"),
        (
            "- spike: {from_rps: 0, to_rps: 1, at_s: 0, duration_s: 0}",
            "load[0].spike.duration_s is 0: must be 1 to 4294967295",
        ),
        (
            "- spike: {from_rps: 0, to_rps: 1, at_s: 0, duration_s: 5, rise_s: 6}",
            "load[0].spike.rise_s is 6: must be 0 to 5",
        ),
        ("- noise: {on: [{steady: {rate_rps: 1}}], percent: 101}", "load[0].noise.percent is 101: must be 0 to 100"),
        (
            "- noise: {on: [{steady: {rate_rps: 1}}], percent: 1, every_s: 0}",
            "load[0].noise.every_s is 0: must be 1 to 4294967295",
        ),
        ("- noise: {on: [], percent: 1}", "load[0].noise.on is an empty list: must have at least one part"),
        ("[]", "load is an empty list: must have at least one part"),
        (
            "- steady: {rate_rps: 6e8}\n- steady: {rate_rps: 6e8}",
            "load at second 0, requests per second, is 1200000000: must be 0 to 1000000000",
        ),
    ] {
        let error = Load::build(&parts(text), 10, 1, &mut no_files).expect_err(text);
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn too_many_parts_and_too_deep_noise_are_refused() {
    let many = "- steady: {rate_rps: 1}\n".repeat(PARTS_MOST + 1);
    let error = Load::build(&parts(&many), 1, 1, &mut no_files).expect_err("65 parts");
    assert_eq!(error.to_string(), "load, number of parts, is 65: must be 1 to 64");

    let mut part = Part::Steady(Steady { rate_rps: 1.0 });
    for _ in 0..=DEPTH_MOST {
        part = Part::Noise(Noise { on: vec![part], percent: 0.0, every_s: 1, seed: None });
    }
    let error = Load::build(&[part], 1, 1, &mut no_files).expect_err("five deep");
    assert!(error.to_string().ends_with("nested noise, is 5: must be 0 to 4"), "{error}");
}

#[test]
fn a_trace_becomes_rates_and_its_facts_are_told() {
    let csv = b"when,requests\n0,60\n60,120\n180,30\n";
    let mut files = |_: &str| Ok(csv.to_vec());
    let load =
        Load::build(&parts("- trace: {file: a.csv, period_s: 60, scale: 2}"), 240, 1, &mut files).expect("builds");
    assert_eq!([load.rate(0), load.rate(59), load.rate(60), load.rate(179), load.rate(180)], [2.0, 2.0, 4.0, 4.0, 1.0]);
    assert_eq!(load.traces().len(), 1);
    assert_eq!(load.traces()[0].filled_periods, 1);
}

#[test]
fn a_run_longer_than_its_trace_is_refused() {
    let mut files = |_: &str| Ok(b"t,n\n0,1\n60,1\n".to_vec());
    let error = Load::build(&parts("- trace: {file: a.csv}"), 121, 1, &mut files).expect_err("121 > 120");
    assert_eq!(error.to_string(), "duration_s is 121: longer than the part of trace a.csv in use, 120 s");
}

#[test]
fn a_missing_trace_and_an_impossible_scale_are_named() {
    let error = Load::build(&parts("- trace: {file: gone.csv}"), 1, 1, &mut no_files).expect_err("no file");
    assert_eq!(error.to_string(), "trace gone.csv cannot be read: no files here");
    let error = Load::build(&parts("- trace: {file: a.csv, scale: -1}"), 1, 1, &mut no_files).expect_err("scale");
    assert_eq!(error.to_string(), "load[0].trace.scale is -1: must be 0 to 1000000");
}

fn built(text: &str, duration_s: u32) -> Load {
    Load::build(&parts(text), duration_s, 1, &mut no_files).expect(text)
}

fn parts(text: &str) -> Vec<Part> {
    serde_saphyr::from_str(text).expect(text)
}

fn rates(load: &Load, seconds: u32) -> Vec<f64> {
    (0..seconds).map(|at| load.rate(at)).collect()
}

fn no_files(_: &str) -> io::Result<Vec<u8>> {
    Err(io::Error::other("no files here"))
}
