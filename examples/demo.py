"""A model of the next word, trained on text that every CPython carries: two to three minutes on two cores.

    python examples/demo.py [FOLDER]

The text is Python's language reference (pydoc_data.topics). What is left in FOLDER (`demo.run` unless named) is the
bundle and, in a folder beside it, the training's log and report.
"""

import argparse
import sys
from pathlib import Path
from pydoc_data.topics import topics

import hitherto as ht
from hitherto.cli.display import Display

PROMPTS = ("The value of", "If the object is", "A function")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path("demo.run"), help="where to keep the model"
    )
    parser.add_argument("--steps", type=int, default=None, help="train so many steps only")
    parser.add_argument("--hidden-size", type=int, default=256)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    text = args.folder / "reference.txt"
    text.write_text("\n".join(topics[name] for name in sorted(topics)), encoding="utf-8")
    out = args.folder / "reference.safetensors"
    out.unlink(missing_ok=True)
    for old in (args.folder / "reference.run" / "checkpoints").glob("*"):
        old.unlink()

    display = Display()
    model = ht.train(
        "lm",
        text,
        out=out,
        tokens="subwords",
        vocab_size=2000,
        cell="gru",
        hidden_size=args.hidden_size,
        embedding_size=args.hidden_size,
        tied=True,
        dropout=0.3,
        batch_size=16,
        bptt=50,
        epochs=12,
        steps=args.steps,
        say=display.say,
        show=display.show,
    )

    for prompt in PROMPTS:
        words = "  ".join(f"{word} {probability:.0%}" for word, probability in model.suggest(prompt + " ", 5))
        print(f"\n{prompt} ...      next: {words}")
        print(f"{prompt}{model.generate(prompt, max_new_tokens=40, temperature=0.6, seed=1)}")
    print(
        f"\nThe model is {out}, and how it came about is in {out.with_suffix('.run') / 'report.html'}. Try:"
    )
    for command in (
        f"generate {out} 'The class' --temperature 0.7",
        f"suggest {out} 'An exception is ra'",
        f"evaluate {out} README.md",
    ):
        print(f"  {Path(sys.executable).parent / 'hitherto'} {command}")
    name = out.stem
    print("To serve it, and ask it from another terminal (needs the extra `serve`):")
    print(f"  {Path(sys.executable).parent / 'hitherto'} serve {out}")
    print(f"""  curl localhost:8000/v1/models/{name}/generate -d '{{"prompt": "The class"}}'""")
    print("To write with it and look into it, in a browser (needs the extra `studio`):")
    print(f"  {Path(sys.executable).parent / 'hitherto'} studio {out}")


if __name__ == "__main__":
    main()
