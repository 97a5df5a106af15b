"""Word lists and inflection: which verbs report an effect, which nouns name nothing by themselves."""

from __future__ import annotations

EFFECT_VERBS = frozenset(
    """
    accelerate achieve activate afford align allow alter amplify avoid block boost bring broaden capture
    catalyse catalyze cause change confer confine control convert couple crosslink cross-link decrease
    deliver determine direct dissipate drive eliminate elevate enable endow enhance ensure establish
    exceed expand exhibit extend facilitate favor favour form foster furnish generate give govern guide
    hinder impart impede improve increase induce inhibit initiate introduce lead lower result maintain
    maximise maximize mediate mitigate minimise minimize modulate offer optimise optimize outperform
    overcome permit preserve prevent produce prolong promote protect provide raise reduce regulate
    reinforce remove render replace result retain retard shift shorten show simplify slow stabilise
    stabilize steer stimulate strengthen substitute support suppress sustain synthesise synthesize
    template toughen transform trap trigger tune weaken widen yield release store harvest dope bridge
    anchor undergo contribute comprise contain feature combine incorporate have double triple shield
    screen align orient load swell enlarge heal carry keep emit
    access accommodate activate adsorb anneal assemble balance bind build capture cause charge chelate cleave
    coat compact concentrate construct coordinate crystallise crystallize cure decouple degrade densify
    depolymerise depolymerize deprotonate desolvate diminish disperse disrupt dissolve distribute elongate
    encapsulate engineer enrich etch exfoliate expedite fluorinate functionalise functionalize harness
    homogenise homogenize hydrogenate hydrolyse hydrolyze immobilise immobilize impart intensify
    intercalate interlock isolate lengthen lock loosen methylate modify nucleate obviate oxidise oxidize
    passivate percolate pin polarise polarize polymerise polymerize prestretch protonate quench rearrange
    recycle regenerate reinforce rigidify seal sensitise sensitize separate shuttle solvate suppress
    tailor tighten transfer transport unlock
    """.split()
)
"""Verbs (lemmas) by which one thing acts on another."""

REPORT_VERBS = frozenset(
    """
    report present develop describe demonstrate introduce propose disclose design establish show
    fabricate prepare synthesise synthesize create construct achieve realise realize produce obtain
    engineer devise
    """.split()
)
"""Verbs by which authors say what they made."""

MAKING_VERBS = frozenset(
    "assemble build construct create engineer fabricate make prepare realise realize".split()
)
"""What people do; the means by which they do it gives what they make."""

REDUCING_VERBS = frozenset(
    """
    avoid block decrease eliminate hinder impede inhibit limit lower minimise minimize mitigate overcome
    prevent reduce remove retard shorten slow suppress weaken dissipate
    """.split()
)
DRAWBACKS = frozenset(
    """
    earlier existing previous unstable usual ordinary poor insufficient damage loss losses limitation
    limitations weak unsatisfied only failure degradation challenge challenges difficult difficulty
    drawback drawbacks problem problems costly undesired unwanted brittle death disease serious
    conventional traditional trade toxic toxicity catastrophic inferior limited lack unclear unknown
    controversial impossible
    """.split()
)

TOOLS = frozenset(
    """
    access alternative approach avenue basis candidate foundation handle key means method opportunity option
    pathway platform procedure protocol replacement route strategy substitute technique technology tool way
    """.split()
)
"""Nouns that are for something: whoever is a tool for it enables it."""

TRANSPARENT = frozenset(
    """
    ability action adaptability addition application capability characteristic effect employment
    exploitation help implementation influence inclusion nature presence property role use utilisation
    utilization
    """.split()
)
"""Nouns behind which what acts comes after ``of``."""

QUANTITIES = frozenset(
    """
    abundance amount array class collection couple family group handful host kind lot majority number part
    plethora portion range scope selection series set sort spectrum type variety wealth
    """.split()
)
"""Nouns that only count what comes after ``of``."""

USING_VERBS = frozenset("apply use employ utilise utilize exploit adopt leverage harness implement".split())
ROUTES = frozenset(
    """
    route access approach method strategy procedure protocol synthesis pathway preparation
    """.split()
)
ADDING_VERBS = frozenset(
    """
    add apply incorporate introduce install insert embed dissolve dope coat heat anneal freeze cool
    stretch soak immerse replace graft load mix irradiate illuminate attach bind remove combine align
    """.split()
)
"""Verbs whose passive, after ``when``, tells what was done: ``when acetone is added``."""

APPLICATIONS = frozenset(
    """
    device robot robotics electronics sensor technology application system industry machine product
    vehicle building treatment diagnostics medicine drug disease patient cell battery platform tool
    """.split()
)
"""Heads that name a use rather than something that acts."""

EMPTY_OBJECTS = frozenset(
    """
    concern debate implication promise question
    tool avenue guideline approach opportunity instance understanding insight evidence
    observation way example development agreement rise proliferation care rule level route challenge
    attention interest framework-for basis platform concept possibility potential hope information light
    hint guidance applicability scope-of impact environment proof study review application advantage
    disadvantage tendency effect property behavior behaviour feature impact consequence reason step
    overview perspective strategy methodology view means cent number range technique convenience
    knowledge benefit circularity
    """.split()
)
"""What an effect may not end in: it would say nothing about matter."""

EMPTY_MEANS = frozenset(
    """
    chemistry collaboration community discipline discovery idea hypothesis engagement industry voltage
    functionality daytime gain rise aim inability existence ability possibility capability advancement
    development analysis role degree parameter result finding study work experiment calculation
    measurement simulation observation investigation evidence data theory model literature author team
    progress interest demand need lack prototype workflow robot electronic electronics problem
    challenge question paper review case example understanding knowledge temperature practice level
    technology microscopy spectroscopy spectrum diffraction tolerance translation adoption
    """.split()
)
"""Heads of phrases that do not act on matter, however they are qualified."""

MENDING_VERBS = frozenset(
    "improve enhance reinforce strengthen toughen raise heal stabilise stabilize repair".split()
)
"""Verbs whose object may well have a drawback: that is what they mend."""

WANTED_HIGH = (
    "efficiency|yield|stability|activity|strength|toughness|ductility|selectivity|capacity|output|conversion"
)
"""What nobody wants low."""

WEAK_VERBS = frozenset({"bear on", "serve as"}) | frozenset(
    """
    show exhibit undergo establish determine change have offer convert feature contain use comprise
    """.split()
)
"""Effect verbs that say little about how."""

GENERIC_HEADS = frozenset(
    """
    account advance advantage aim analysis application approach area article aspect attempt attention
    author basis calculation candidate case challenge chapter class combination comparison concept
    concern conclusion contribution data day decade demand density detail development difference
    difficulty direction discovery discussion effort era evidence example experiment fact factor feature
    field finding focus goal group growth idea impact importance improvement information insight
    interest issue kind knowledge lack letter limitation literature manner material mean means
    measurement mechanism method methodology model nature need number observation one opportunity option
    order paper part perspective place platform point possibility potential problem procedure process
    product progress property proof prospect protocol purpose question range ratio reaction reason
    report requirement research result review role route sample scheme science scope series set
    significance simulation society solution source step strategy structure study substance success
    system target task technique technology theory time tool topic treatment type understanding use
    value variety view way work world year today it they we this these which that who there he she both
    all some many most each other others former latter here
    """.split()
)
"""Nouns that need a qualifier before they name anything."""

GENERIC_MODIFIERS = frozenset(
    """
    a an the this that these those our their its his such new novel recent present current simple
    general efficient facile first different various several many further other another same whole
    effective promising important common similar certain possible main key major powerful useful
    versatile unique remarkable one two three more most some any all both each single significant
    potential good better best high low large small great wide robust unprecedented interesting so-
    called current previous existing proposed resulting obtained developed designed described reported
    following produced prepared synthesized synthesised as-prepared as-fabricated as-synthesized
    fabricated newly corresponding resultant unusual additional total overall early late next last
    """.split()
)

ANAPHORA = frozenset(
    """
    it this these those we our us they them here herein there such former latter above below which who
    whose he she his her i
    """.split()
)
"""Words that point outside the sentence; a clause that holds one cannot stand alone."""

PROCESS_ENDINGS = ("ing", "ation", "isation", "ization", "lysis", "tion", "ment", "thesis", "sion")
PROCESS_HEADS = frozenset(
    """
    treatment method technique procedure protocol strategy approach process route synthesis reaction
    step cycle catalysis cure freeze casting soak print growth transfer mixture exchange
    """.split()
)
MATERIAL_HEADS = frozenset(
    """
    acid additive alcohol alkene alkyne alloy amide amine anode anion aerogel aptamer base battery
    binder block catalyst cathode cation cell cellulose ceramic chain cluster coating cofactor complex
    composite compound copolymer crystal device diode dopant dye elastomer electrode electrolyte enzyme
    ester fiber fibre filler film foam framework gel glass graphene hydride hydrogel halide ion ionogel
    ketone ligand linker liquid macromolecule matrix membrane metal metallocarbene micelle mof mxene
    molecule monomer nanocrystal nanofiber nanoparticle nanoplatelet nanosheet nanotube nanowire
    nucleophile olefin oxidant oxide paper peptide perovskite phosphine photocatalyst polymer polymerase
    porphyrin powder precursor protein quinone radical reagent redox-couple reductant resin salt
    semiconductor sheet shell silica solvent species substrate sulfide surfactant template thermocell
    thermoset vesicle wire zeolite
    """.split()
)

PROPERTY_HEADS = frozenset(
    """
    activity adhesion affinity biocompatibility capacitance capacity conductance conductivity
    compatibility control current degradability density diastereoselectivity durability efficiency
    elasticity enantioselectivity energy fatigue flexibility life lifetime mobility modulus orientation
    performance permeability porosity power potential processability productivity property purity rate
    reactivity recyclability recovery regioselectivity resistance response retention robustness scope
    selectivity sensitivity solubility stability stereocontrol stereoselectivity stiffness strength
    stretchability tolerance thermopower toughness transparency turnover uptake voltage window yield
    charging degree separation
    """.split()
)
"""Nouns for what a chemist measures."""

EMPTY_GOALS = frozenset(
    """
    control creation energy power current response separation rate design use application performance
    """.split()
)
"""Too little said to be a goal by itself."""

_IRREGULAR = {"have": "has", "do": "does", "be": "is", "undergo": "undergoes"}
_DOUBLED = frozenset("trap control permit confer prefer transfer stop cut set get let".split()) - {"control"}


EPONYMS = frozenset(
    """
    Suzuki Heck Grignard Diels Alder Wittig Friedel Crafts Hofmeister Lewis Brønsted Bronsted Mott Fermi
    Raman Seebeck Soret Fischer Tropsch Haber Bosch Buchwald Hartwig Sonogashira Negishi Stille Mannich
    Michael Mitsunobu Janus Schiff Prussian Pickering Chan Lam Evans Minisci Hammett Marcus Kumada
    Ullmann Fenton Kirkendall Langmuir Blodgett Maillard Miyaura Wacker Ziegler Natta Zintl Laves
    Ostwald Debye Stokes Einstein Coulomb Stark Jahn Teller Ruddlesden Popper Young Birch Pauson Khand
    """.split()
)
"""People whose names stand in the names of reactions and effects."""

NOT_PLURAL = ("ss", "us", "is", "ics", "gas", "bias", "lens", "series")


def is_plural(noun: str) -> bool:
    """Whether a noun looks plural; taggers stumble over footnote digits and capitals."""
    bare = noun.rstrip("0123456789,–-").lower()
    return bare.endswith("s") and not bare.endswith(NOT_PLURAL)


def third_person(verb: str) -> str:
    """``increase`` becomes ``increases``, ``serve as`` becomes ``serves as``."""
    if " " in verb:
        first, rest = verb.split(" ", 1)
        return f"{third_person(first)} {rest}"
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb.endswith(("s", "x", "z", "ch", "sh")):
        return verb + "es"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + "s"


def gerund(verb: str) -> str:
    """``increase`` becomes ``increasing``, ``serve as`` becomes ``serving as``."""
    if " " in verb:
        first, rest = verb.split(" ", 1)
        return f"{gerund(first)} {rest}"
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "ye", "oe")):
        return verb[:-1] + "ing"
    if verb in _DOUBLED:
        return verb + verb[-1] + "ing"
    if verb == "control":
        return "controlling"
    return verb + "ing"


def capitalised(text: str) -> str:
    """The text with its first letter in upper case, unless it starts as a formula or a locant does."""
    if len(text) > 1 and (not text[0].isalpha() or text[1].isupper() or text[1] in "-'′"):
        return text
    return text[:1].upper() + text[1:]


def joined(parts: list[str]) -> str:
    """``a, b and c``."""
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
