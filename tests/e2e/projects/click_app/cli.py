import click


@click.group()
def cli():
    """Commands."""


@cli.command()
@click.option("--lr", type=float, required=True)
@click.argument("out", type=click.File("w"))
@click.pass_context
def train(ctx, lr, out):
    click.echo(f"lr {lr}")
    click.secho("done", fg="green")
    click.echo("warned", err=True)
    out.write(str(lr))
    ctx.exit(4)


if __name__ == "__main__":
    cli()
