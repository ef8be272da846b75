#[derive(Debug, clap::Parser)]
pub(super) struct Arguments {}
pub(super) fn run(_: Arguments) -> anyhow::Result<()> {
    Ok(())
}
