"""Tiny sentence encoders with random weights, one for each architecture family, built offline."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import transformers
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import nn

SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = tuple(
    str.split(
        "the a dog cat kitten runs after sleeps in on garden house chased by is and or big small "
        "happy query passage search for : . , ? ! ##s ##ed ##ing walk play"
    )
)
HIDDEN = 16
LAYERS = 2
SIZES = {
    "hidden_size": HIDDEN,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
}
DECODER_SIZES = {**SIZES, "num_key_value_heads": 1, "head_dim": 8}
IDS = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
DEBERTA_ATTENTION = {
    "relative_attention": True,
    "pos_att_type": ["p2c", "c2p"],
    "position_buckets": 8,
    "norm_rel_ebd": "layer_norm",
    "share_att_key": True,
    "position_biased_input": False,
    "type_vocab_size": 0,
    "pooler_hidden_size": HIDDEN,
}

CONFIGURATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "BERT": ("Bert", SIZES),
    "RoBERTa": ("Roberta", SIZES),
    "XLM-R": ("XLMRoberta", SIZES),
    "CamemBERT": ("Camembert", SIZES),
    "MPNet": ("MPNet", SIZES),
    "ELECTRA": ("Electra", {**SIZES, "embedding_size": 8}),
    "DistilBERT": (
        "DistilBert",
        {"dim": HIDDEN, "n_layers": LAYERS, "n_heads": 2, "hidden_dim": 32},
    ),
    "ModernBERT": ("ModernBert", {**SIZES, "num_hidden_layers": 3, "cls_token_id": 2}),
    "DeBERTa-v2": ("DebertaV2", {**SIZES, **DEBERTA_ATTENTION}),
    "DeBERTa-v2 with convolution": (
        "DebertaV2",
        {**SIZES, **DEBERTA_ATTENTION, "conv_kernel_size": 3, "conv_act": "gelu"},
    ),
    "ALBERT": ("Albert", {**SIZES, "num_hidden_layers": 3, "embedding_size": 8}),
    "NomicBERT": ("NomicBert", SIZES),
    "Jina v3": ("JinaEmbeddingsV3", SIZES),
    "EuroBERT": ("EuroBert", DECODER_SIZES),
    "T5": (
        "T5",
        {"d_model": HIDDEN, "d_kv": 8, "d_ff": 32, "num_layers": LAYERS, "num_heads": 2},
    ),
    "Qwen3": ("Qwen3", DECODER_SIZES),
    "Gemma 3": ("Gemma3Text", {**DECODER_SIZES, "query_pre_attn_scalar": 8}),
    "Mistral": ("Mistral", DECODER_SIZES),
    "Llama": ("Llama", DECODER_SIZES),
    "MobileBERT": (
        "MobileBert",
        {**SIZES, "embedding_size": 8, "intra_bottleneck_size": 8, "true_hidden_size": 8},
    ),
}  # fmt: skip
FAMILIES = tuple(CONFIGURATIONS)


def tokenizer() -> Any:
    """A WordPiece tokenizer with the specials of BERT and a small vocabulary."""
    vocabulary = {word: i for i, word in enumerate(dict.fromkeys((*SPECIALS, *WORDS)))}
    inner = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106
    inner.normalizer = normalizers.Lowercase()
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner,
        model_max_length=64,
        **dict(
            zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIALS,
                strict=True)
        ),
    )  # fmt: skip


def transformer(family: str = "BERT", *, seed: int = 0, **changes: Any) -> Transformer:
    """The transformer module of one family, with weights large enough to be far from linear."""
    name, sizes = CONFIGURATIONS[family]
    words = tokenizer()
    settings = {**IDS, "vocab_size": len(words), **sizes, **changes}
    config = getattr(transformers, f"{name}Config")(**settings)
    kind = "T5EncoderModel" if name == "T5" else f"{name}Model"
    torch.manual_seed(seed)
    model = getattr(transformers, kind)(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.15 * torch.randn_like(parameter))
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        words.save_pretrained(folder)
        return Transformer(folder, max_seq_length=32)


def encoder(
    family: str = "BERT",
    pooling: str | Sequence[str] = "mean",
    *,
    after: Sequence[nn.Module] = (),
    include_prompt: bool = True,
    seed: int = 0,
    module: Transformer | None = None,
    **options: Any,
) -> SentenceTransformer:
    """A sentence encoder: the family's transformer, pooling, and the modules `after` it."""
    first = module or transformer(family, seed=seed)
    pool = Pooling(
        first.get_embedding_dimension(),
        pooling if isinstance(pooling, str) else tuple(pooling),  # pyright: ignore[reportArgumentType]
        include_prompt=include_prompt,
    )
    return SentenceTransformer(modules=[first, pool, *after], device="cpu", **options)


def finite_differences(
    function: Callable[[torch.Tensor], torch.Tensor],
    states: torch.Tensor,
    delta: torch.Tensor,
    step: float = 1e-5,
) -> np.ndarray:
    """DF(states)[delta of one token], token by token, by central differences of fourth order.

    `delta` is (1, S, H), `states` (N, S, H) and the result (N, S, D).
    """

    def along(direction: torch.Tensor) -> torch.Tensor:
        a, b, c, d = (function(states + k * step * direction) for k in (-2, -1, 1, 2))
        return (a - 8 * b + 8 * c - d) / (12 * step)

    tokens = torch.eye(states.shape[1], dtype=states.dtype)
    with torch.no_grad():
        return torch.stack([along(delta * token[:, None]) for token in tokens], dim=1).numpy()


def layers(family: str) -> int:
    """How many encoder layers the family's tiny model has."""
    return CONFIGURATIONS[family][1].get("num_hidden_layers", LAYERS)
