"""Words that stand in any paper's title or abstract, and name no topic by themselves."""

GENERIC = frozenset(
    """
    ability able access account achievement act action activation activity addition advance advantage aid
    aim alternative amount analog analogue analysis application applied approach area aspect assessment
    atomistic attention available avenue background basic basis behavior behaviour benchmark benefit best
    better beyond bioactive body breakthrough broad building calculation capability capacity case category
    cause certain chain challenge change changing characterisation characteristic characterization
    chemical chemistry choice class close coefficient combination combined commentary common comparative
    comparison complete complex component components composition computation concentration concept
    condition configuration consequence consideration constraint construction context contribution control
    controllable controlled controlling convenient conventional correlation crucial current data date
    decade definition degree demonstration density department dependence dependent design designed detail
    detailed detection determination development device difference different difficulty direct direction
    discovery discussion distinct distribution diverse diversity domain double driver driving dynamic
    early ease easy editorial effect effective effectiveness efficiency efficient effort element
    elucidation emergence emergent emerging enhanced enhancement enhancing environment essential
    estimation evaluation event evidence evolution examination example excellent exceptional existing
    experiment experimental explanation exploration extension extraction extreme extremely fabrication
    facile facility factor failure fast feature few field final finding first five fix flexible focus
    force form formation formula foundation four framework frontier full function functional functionality
    fundamental future gap general generality generalized generation global goal good GPa gradient great
    green group growing growth guide guideline half hand hidden high high-performance higher highly
    history hitherto hour hours hundred hundreds hybrid idea identification II III impact implementation
    implication importance important improved improvement improving increase increased increasing index
    individual influence information initial innovation input insight inspired integration interaction
    interest interface interplay introduction investigation issue item IV key kind knowledge lab
    laboratory lack landscape large large-scale last latest law lead learned length lesson letter level
    library life limit limitation limited line link list literature little local location long long-term
    low low-cost lower main major majority making management manner map mapping material matter mean means
    measure measurement mechanical mechanism mechanistic member method methodology micrometre mild million
    mission mode model modeling modelling moderate modern modification modified modular modulation
    molecular molecule motif motion multiple natural nature need network new next note novel number
    objective observation occurrence old one open operation opportunities opportunity optimal optimisation
    optimization option order ordinary organic origin other outcome outlook output overall overview pair
    paper parameter part particle particular past path pathway pattern people per perception performance
    period perspective phase phenomena phenomenon physical platform play point pool popular popularity
    position possibility possible potential power powerful practical practice precise precision precursor
    prediction preparation prepared presence present previous primer principle problem procedure process
    processing product production products professional profile program progress promise promising proof
    properties property proposal prospect protocol quality quantification quantitative quantity quest
    question rapid rate ratio rational reaction reactivity reading real reality reason recent recognition
    recommendation record reduction reference regime region regulation related relation relationship
    relationships relevance relevant report reproducibility research resolution resource response result
    review revolution rich rise road roadmap robust role route rule safe sample scale scale-up scenario
    scheme science scope search second section selection selective selectivity sense separate sequence
    series set shape shift short side sign significance significant simple simplicity simulation
    simultaneous single site situ situation size small solution solving source space special species
    specific specificity stability stable stage standard state state-of-the-art statistic status step
    story straightforward strategies strategy strength strong structural structure structure-activity
    studies study sub subject subset substance substantial success successful suitable suite summary
    superior supply support surface survey switch synergistic synergy synthesis synthetic system
    systematic table target task team technical technique technology temperature tendency term test
    testing theoretical theory thing thousand three time tolerance tool top topic toward track tracking
    trade trade-off tradeoff transfer transformation transition transmission treatment trend true tunable
    tuning tutorial twist two type typical ultimate ultra ultrahigh unconventional underlying
    understanding unified unique unit units universal unprecedented unravelling unusual update usage use
    used user utility utilization utilizing validation value variable variant variation variety various
    vast versatile version versus via view virtue vision volume wall way weak well wide window word work
    world year yield
    """.split()
)

VAGUE = frozenset(
    """
    angle atom base bond cell charge complex crystal dispersion dynamics energy engineering field film flow
    fluid heat host imaging layer light liquid machine means metal momentum organization pore processor
    receptor resistance sensor separation shell solid stress template transport tube voltage water
    """.split()
)
"""Words that name a topic only together with another: "solvation shell", "machine learning"."""
